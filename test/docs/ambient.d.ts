/** What the snippets of the docs take for granted: a host with its own converters, logger and settings. */

declare const pool: import('millrace').AsyncConverterPool;
declare const queue: import('millrace').PendingQueue;
declare const pending: import('millrace').PendingQueue;
declare const converter: import('millrace').ConverterBase;
declare const options: import('millrace').PoolOptions;
declare const archive: import('millrace').ArchiveStorage;
declare const engine: import('millrace').ReprocessingEngine;
declare const dataDir: string;
declare const watchFolder: string;
declare const submitter: import('millrace').HttpSubmitter;
declare const handler: import('millrace').HealthHandler;
declare const server: import('millrace/testing').FakeServer;
declare const app: import('express').Express & import('fastify').FastifyInstance;
declare const log: { error(...things: unknown[]): void; info(...things: unknown[]): void };
declare const pino: typeof import('pino').pino;
declare const createServer: typeof import('node:http').createServer;
declare const watch: typeof import('node:fs').watch;
declare const readFile: typeof import('node:fs/promises').readFile;
declare const rename: typeof import('node:fs/promises').rename;
declare const join: typeof import('node:path').join;
declare const signal: AbortSignal;
declare const path: string;
declare const url: string;
declare const token: string;
declare const folder: string;
declare const done: string;
/** A database of the host. */
declare const database: {
  newerThan(id: unknown, options: { signal: AbortSignal }): AsyncIterable<{ id: number; serial: string }>;
};
declare function alarm(error: Error, path?: string): void;
declare function count(what: string): void;
declare function parse(text: string): object;

declare class IctConverter extends ConverterOfTheHost {}
declare class LogConverter extends ConverterOfTheHost {}
declare class CsvConverter extends ConverterOfTheHost {}
declare const ConverterOfTheHost: new (options?: unknown) => import('millrace').ConverterBase;

/** JSON of a tester, and what a converter makes of it. */
interface BurnIn {
  serial: string;
}
declare function toReport(json: BurnIn): object;

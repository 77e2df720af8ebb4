/** What a host has around its pool: pino, an HTTP server with health and metrics, and a disk and a clock that obey. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AsyncConverterPool, type Clock, createHealthHandler, type Health, systemClock } from 'millrace';
import { FaultyFileSystem } from 'millrace/testing';
import { type Logger as Pino, pino } from 'pino';
import { type ParsedFamily, parsePrometheus } from './parse-prometheus.js';

/** A line as pino writes it. */
export type Line = Record<string, unknown> & { level: number; msg: string };

/** pino with its lines kept. */
export function pinoWithLines(level = 'debug'): { logger: Pino; lines: Line[] } {
  const lines: Line[] = [];
  const logger = pino({ level }, { write: (text: string) => void lines.push(JSON.parse(text) as Line) });
  return { logger, lines };
}

/** The levels of pino by number. */
export const LEVELS: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' };

/** A disk whose free space the test says. */
export class TestDisk extends FaultyFileSystem {
  /** What `statfs` says is free; the truth when it is not set. */
  freeBytes: number | undefined;

  constructor() {
    super();
    const { statfs } = this;
    this.statfs = async path => {
      const truth = await statfs(path);
      return this.freeBytes === undefined ? truth : { ...truth, bsize: 1, bavail: this.freeBytes };
    };
  }
}

/** The machine's clock, but that a disk which is full is looked at again at once and not after 5 s. */
export function clockOf(disk: TestDisk): Clock {
  const isRecheck = (delayMs: number): boolean => delayMs === 5_000 && disk.freeBytes !== undefined;
  return {
    ...systemClock,
    setTimeout: (callback, delayMs) => systemClock.setTimeout(callback, isRecheck(delayMs) ? 20 : delayMs),
  };
}

/** An HTTP server of the host with the handler in it. */
export class HealthPort {
  readonly url: string;
  readonly #server: Server;

  static async open(pool: AsyncConverterPool): Promise<HealthPort> {
    const server = createServer(createHealthHandler(pool));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new HealthPort(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** `/health`, as a monitoring asks it: status and reasons. */
  async health(): Promise<Health & { http: number; codes: string[] }> {
    const answer = await fetch(`${this.url}/health`);
    const health = (await answer.json()) as Health;
    return { ...health, http: answer.status, codes: health.reasons.map(reason => reason.code) };
  }

  async status(path: string): Promise<number> {
    const answer = await fetch(`${this.url}${path}`);
    await answer.arrayBuffer();
    return answer.status;
  }

  async scrape(): Promise<Scrape> {
    const answer = await fetch(`${this.url}/metrics`);
    if (answer.status !== 200) throw new Error(`/metrics answered ${answer.status}`);
    return new Scrape(await answer.text());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

/** What a Prometheus server has after a scrape. */
export class Scrape {
  readonly families: ReadonlyMap<string, ParsedFamily>;

  constructor(text: string) {
    this.families = parsePrometheus(text);
  }

  /** The value of a series whose labels include these. */
  value(name: string, labels: Record<string, string> = {}): number | undefined {
    const family = this.families.get(name.replace(/_(count|sum|bucket)$/, '')) ?? this.families.get(name);
    return family?.series.find(
      series => series.name === name && Object.entries(labels).every(([label, text]) => series.labels[label] === text),
    )?.value;
  }
}

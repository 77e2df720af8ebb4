/**
 * A SQLite database that loses nothing that it acknowledged: every write goes through a journal that is on the disk
 * before the caller is told, SQL runs in a worker thread, and snapshots keep the journal short.
 */
import { type Clock, systemClock } from '../clock.js';
import { StoreError } from '../errors.js';
import { type FileSystem, nodeFileSystem } from '../files/file-system.js';
import { SafeEmitter } from '../observe/emitter.js';
import { type Logger, silentLogger } from '../observe/logger.js';
import type { CheckpointOptions } from './checkpoint.js';
import { OpenStore } from './open-store.js';
import { MAX_PAYLOAD_BYTES, type Payload, type RecordedCall, toPayload } from './record.js';
import type { Mutation, SqlValue, StoreSchema } from './schema.js';
import type { StoreEvents } from './store-events.js';
import { storeFiles } from './store-files.js';
import { STORE_LINES } from './store-lines.js';

export type { Mutation, SqlValue, StoreSchema } from './schema.js';
export type { StoreEvents } from './store-events.js';

/** What a {@link JournaledStore} is made with. */
export interface StoreOptions {
  /** The folder of the store's files; created where it is missing. Whoever opens the store owns the folder's lock. */
  directory: string;
  /** The files are `NAME.db`, `NAME.journal` and, for a moment, `NAME.journal.old`. */
  name: string;
  schema: StoreSchema;
  fs?: FileSystem;
  clock?: Clock;
  logger?: Logger;
  checkpoint?: CheckpointOptions;
}

/**
 * Writes are applied in the order of the calls; a query sees every write that was acknowledged before it was asked.
 *
 * An acknowledgement waits for the journal's fsync alone, never for SQL or a checkpoint. Only when the SQL thread falls
 * more than 8 MiB of records behind (96 MiB while it writes out a snapshot, 64 MiB while it is restarted), writes are
 * slowed down to its pace, so that memory stays bounded. Survives `kill -9` and power loss at any moment; a write that was rejected is not
 * there afterwards (only if the disk also refused to take it back and the process ends before it does, it may be).
 */
export class JournaledStore extends SafeEmitter<StoreEvents> {
  readonly #options: StoreOptions;
  #opening: Promise<OpenStore> | undefined;
  #store: OpenStore | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: StoreOptions) {
    super(options.logger ?? silentLogger, { subject: 'store', lines: STORE_LINES });
    this.#options = options;
  }

  /**
   * Opens the store, creating it where there is none, and recovers what a crash left: `tornTail` and `damaged` tell of
   * it. Damage does not keep a store from opening.
   *
   * @throws StoreError `STORE_TOO_NEW` (nothing was touched), `STORE_FAILED`; DiskSpaceError.
   */
  async open(): Promise<void> {
    if (this.#closing !== undefined) throw closed();
    const { directory, name, schema, checkpoint = {} } = this.#options;
    this.#opening ??= OpenStore.open({
      fs: this.#options.fs ?? nodeFileSystem,
      clock: this.#options.clock ?? systemClock,
      logger: this.logger,
      files: storeFiles(directory, name),
      schema,
      checkpoint,
      notify: (event, payload) => this.notify(event, payload),
    });
    try {
      this.#store = await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  /**
   * Runs a named statement. Resolves when it is durable. If SQL then refuses it (a constraint, a wrong parameter), it
   * has no effect and an `error` event tells.
   *
   * @throws DiskSpaceError, StoreError: it is not durable and has no effect. Later writes work by themselves once the
   * cause is gone.
   */
  async write(statement: string, params: readonly SqlValue[] = []): Promise<void> {
    await this.#add([{ statement, params }]);
  }

  /** Runs several statements, all or none. As {@link write}. At most 16 MiB in all. */
  async writeAll(mutations: readonly Mutation[]): Promise<void> {
    if (mutations.length > 0) await this.#add(mutations);
  }

  /** Runs a named query. @throws StoreError when SQL refuses it. */
  async query<Row>(query: string, params: readonly SqlValue[] = []): Promise<Row[]> {
    if (this.#options.schema.queries[query] === undefined) throw misuse(`There is no query '${query}'`);
    for (const param of params) checkParam(query, param);
    return (await this.#running().query(query, params)) as Row[];
  }

  /** Writes a snapshot now. It is otherwise written by itself when the journal has grown. */
  async checkpoint(): Promise<void> {
    await this.#running().checkpointNow();
  }

  /**
   * Waits for the writes in flight, writes a snapshot and ends the thread. Safe to call twice. A snapshot that cannot
   * be written is told by `error`; nothing is lost, the journal keeps it.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined);
    await opened?.close();
  }

  #add(mutations: readonly Mutation[]): Promise<void> {
    const calls = mutations.map(mutation => this.#check(mutation));
    const [call] = calls;
    const payload: Payload = toPayload(call && calls.length === 1 ? call : calls);
    if (payload.bytes > MAX_PAYLOAD_BYTES) {
      throw misuse(`A write of ${payload.bytes} bytes is more than the ${MAX_PAYLOAD_BYTES} that one may have`);
    }
    return this.#running().write(payload);
  }

  #check({ statement, params }: Mutation): RecordedCall {
    if (this.#options.schema.statements[statement] === undefined) throw misuse(`There is no statement '${statement}'`);
    for (const param of params) checkParam(statement, param);
    return [statement, ...params];
  }

  #running(): OpenStore {
    if (!this.#store || this.#closing !== undefined) throw closed();
    return this.#store;
  }
}

function checkParam(name: string, value: unknown): void {
  if (typeof value === 'string' || value === null) return;
  if (typeof value === 'number' && Number.isFinite(value)) return;
  throw misuse(`'${name}' was given ${String(value)}; a parameter is a string, a finite number or null`);
}

function misuse(message: string): StoreError {
  return new StoreError('STORE_FAILED', message, { hints: [] });
}

function closed(): StoreError {
  return new StoreError('STORE_CLOSED', 'The store is not open');
}

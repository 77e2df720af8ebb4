/** SQL that goes on: when its thread dies, a new one is started and brought up to the journal's end. */
import { type Clock, sleep } from '../clock.js';
import { StoreError, toError } from '../errors.js';
import type { QueryResult, Refusal } from './protocol.js';
import type { SqlValue } from './schema.js';
import { SqlWorker, WorkerDied } from './sql-worker.js';

/** So many bytes of records may be written while a new thread is being loaded; then writes wait for it. */
const MISSED_BYTES = 64 * 1024 * 1024;
/** So many deaths within this time, and the store gives up. */
const MAX_DEATHS = 3;
const DEATHS_WITHIN_MS = 60_000;
const RESTART_PAUSE_MS = 1_000;

export interface SqlServiceOptions {
  clock: Clock;
  /**
   * Brings a new thread up to date. When it has everything that is in the journal, it calls `goLive` without letting
   * anything else run in between; from then on it is given each batch.
   */
  load(worker: SqlWorker, goLive: () => void): Promise<void>;
  refused(refusals: readonly Refusal[]): void;
  restarted(reason: Error): void;
  /** Something went wrong of which nobody else is told. */
  failed(error: Error): void;
}

export class SqlService {
  readonly #options: SqlServiceOptions;
  readonly #deaths: number[] = [];
  #worker: SqlWorker | undefined;
  #ready: Promise<SqlWorker> | undefined;
  #live = false;
  #missedBytes = 0;
  #failure: StoreError | undefined;
  #stopped = false;
  readonly #stop = new AbortController();

  constructor(options: SqlServiceOptions) {
    this.#options = options;
  }

  /** Set once the store has given up. */
  get failure(): StoreError | undefined {
    return this.#failure;
  }

  /** Starts the first thread. What fails here is thrown and not tried again. */
  async start(): Promise<void> {
    const worker = this.#spawn();
    await this.#options.load(worker, () => this.#goLive());
    this.#ready = Promise.resolve(worker);
  }

  /** Takes a batch that is in the journal. */
  committed(records: Buffer): void {
    // A thread that is being loaded reads it from the journal.
    if (this.#live) this.#worker?.apply(records);
    else this.#missedBytes += records.length;
  }

  /** Resolves when there is room for more records, or when there is no use in waiting. */
  async room(): Promise<void> {
    if (this.#live) return this.#worker?.room();
    if (this.#missedBytes <= MISSED_BYTES) return;
    // The next append says what is wrong.
    await this.#use(worker => worker.ask('barrier', undefined)).catch(() => undefined);
  }

  /** Runs a query, and once more if the thread died under it. */
  async query(query: string, params: readonly SqlValue[]): Promise<QueryResult> {
    return this.#use(worker => worker.ask('query', { query, params }));
  }

  /** Asks the present thread for the database as a file; fails at once while there is none. */
  export(): Promise<{ bytes: Uint8Array; sequence: number }> {
    const worker = this.#live ? this.#worker : undefined;
    if (!worker) return Promise.reject(new WorkerDied('STORE_FAILED', 'The thread that runs SQL is being restarted'));
    return worker.ask('export', undefined);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#live = false;
    this.#stop.abort();
    await this.#worker?.stop();
  }

  async #use<T>(ask: (worker: SqlWorker) => Promise<T>): Promise<T> {
    for (let retried = false; ; retried = true) {
      const worker = await this.#whenReady();
      try {
        return await ask(worker);
      } catch (error) {
        if (retried || !(error instanceof WorkerDied)) throw error;
      }
    }
  }

  async #whenReady(): Promise<SqlWorker> {
    for (;;) {
      const ready = this.#ready;
      if (this.#failure) throw this.#failure;
      if (!ready || this.#stopped) throw new StoreError('STORE_CLOSED', 'The store is not open');
      try {
        return await ready;
      } catch (error) {
        if (this.#ready === ready) throw error;
      }
    }
  }

  #spawn(): SqlWorker {
    this.#live = false;
    this.#missedBytes = 0;
    const worker = new SqlWorker({
      refused: refusals => this.#options.refused(refusals),
      died: reason => this.#died(worker, reason),
    });
    this.#worker = worker;
    return worker;
  }

  #goLive(): void {
    this.#live = true;
    this.#missedBytes = 0;
  }

  #died(worker: SqlWorker, reason: Error): void {
    // Before the first thread is ready, start() itself fails.
    if (this.#stopped || worker !== this.#worker || !this.#ready) return;
    this.#live = false;
    const now = this.#options.clock.monotonic();
    this.#deaths.push(now);
    while ((this.#deaths[0] ?? now) < now - DEATHS_WITHIN_MS) this.#deaths.shift();
    if (this.#deaths.length >= MAX_DEATHS) {
      this.#giveUp(reason);
      return;
    }
    this.#ready = this.#restart(reason);
    // Whoever asks next is told; a failure here led to another death, or to giving up.
    this.#ready.catch(() => undefined);
  }

  async #restart(reason: Error): Promise<SqlWorker> {
    // The second time a little later: what kills the thread may pass.
    await this.#pause((this.#deaths.length - 1) * RESTART_PAUSE_MS);
    for (;;) {
      if (this.#stopped) throw new StoreError('STORE_CLOSED', 'The store was closed');
      const worker = this.#spawn();
      try {
        await this.#options.load(worker, () => this.#goLive());
        this.#options.restarted(reason);
        return worker;
      } catch (error) {
        if (error instanceof WorkerDied) throw error;
        // The files cannot be read now. They are all that there is, so this is tried until they can.
        this.#options.failed(toError(error));
        await worker.stop();
      }
      await this.#pause(RESTART_PAUSE_MS);
    }
  }

  #pause(delayMs: number): Promise<void> {
    return sleep(this.#options.clock, delayMs, this.#stop.signal);
  }

  #giveUp(reason: Error): void {
    this.#failure = new StoreError(
      'STORE_FAILED',
      `The thread that runs SQL died ${MAX_DEATHS} times within a minute: ${reason.message}`,
      { cause: reason },
    );
    this.#options.failed(this.#failure);
  }
}

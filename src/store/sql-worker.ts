/** One worker thread, seen from the store: requests with answers, records to apply, and its death. */
import { Worker } from 'node:worker_threads';
import { StoreError } from '../errors.js';
import { sqliteWorkerUrl } from '../worker-url.js';
import type { FromWorker, Refusal, RequestName, Requests, ToWorker } from './protocol.js';
import { sqlError } from './store-errors.js';

/** Above so many bytes of records ahead of the thread, writes come no faster than half as fast as it applies them. */
const CROWDED_BYTES = 8 * 1024 * 1024;
/** As above while the thread writes out the database and applies nothing: a snapshot must not hold up writes. */
const CROWDED_IN_EXPORT_BYTES = 96 * 1024 * 1024;
/** How much it must have applied before the next batch may follow: twice what a batch has. */
const CATCH_UP_BYTES = 512 * 1024;

/**
 * How long records may wait to go over with others, in ms. They are on the disk, and a question takes along what is before
 * it; each posting wakes the thread.
 */
const GATHER_MS = 10;

/** How long a thread may take to leave. What it still does is of no use to anybody: the journal has all of it. */
const LEAVE_TIMEOUT_MS = 5_000;

/** The thread ended while it was asked. Whoever asked may ask the next one. */
export class WorkerDied extends StoreError {}

/** What the thread tells without being asked. */
export interface WorkerListener {
  refused(refusals: readonly Refusal[]): void;
  /** Called once, unless the thread was stopped on purpose. */
  died(reason: Error): void;
}

interface Asked {
  request: RequestName;
  resolve: (answer: never) => void;
  reject: (error: Error) => void;
}

export class SqlWorker {
  readonly #worker: Worker;
  readonly #listener: WorkerListener;
  readonly #exited: Promise<void>;
  readonly #asked = new Map<number, Asked>();
  #lastId = 0;
  /** What is posted next, and the memory that goes along. */
  #outbox: ToWorker[] = [];
  #transfers: ArrayBuffer[] = [];
  #gathering: NodeJS.Timeout | undefined;
  #flushing: NodeJS.Immediate | undefined;
  #backlogBytes = 0;
  #exporting = false;
  /** Who waits for room: until the backlog is down to `until`, or is small anyway. */
  #waiting: { until: number; resolve: () => void } | undefined;
  #failure: Error | undefined;
  #ended: Error | undefined;

  constructor(listener: WorkerListener) {
    this.#listener = listener;
    // Not with the host's own Node options: some of them, such as --input-type, end a thread at once.
    this.#worker = new Worker(sqliteWorkerUrl, { name: 'millrace-sqlite', execArgv: [] });
    this.#worker.on('message', (messages: FromWorker[]) => {
      for (const message of messages) this.#receive(message);
    });
    this.#worker.on('error', (error: Error) => {
      this.#failure = error;
    });
    this.#exited = new Promise(resolve => {
      this.#worker.on('exit', code => {
        this.#end(code);
        resolve();
      });
    });
    this.#worker.unref();
  }

  /** How many bytes of records it was given and has not applied yet. */
  get backlogBytes(): number {
    return this.#backlogBytes;
  }

  /** Asks for something. The process stays alive until the answer is there. */
  ask<N extends RequestName>(
    request: N,
    ask: Requests[N]['ask'],
    transfer: ArrayBuffer[] = [],
  ): Promise<Requests[N]['answer']> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      const id = ++this.#lastId;
      this.#asked.set(id, { request, resolve, reject });
      this.#post({ id, request, ask } as ToWorker, transfer);
      // At the end of this turn of the event loop: with everything else that is asked in it.
      this.#flushing ??= setImmediate(() => this.#flush());
      if (request === 'export') this.#exporting = true;
      this.#look();
    });
  }

  /** Resolves when the next batch may follow, or when the thread has ended. One may wait at a time. */
  room(): Promise<void> {
    if (this.#ended || !this.#isCrowded()) return Promise.resolve();
    return new Promise(resolve => {
      this.#waiting = { until: this.#backlogBytes - CATCH_UP_BYTES, resolve };
      this.#look();
    });
  }

  /** Hands over whole records; their memory goes with them. */
  apply(records: Buffer): void {
    if (this.#ended) return;
    this.#backlogBytes += records.length;
    this.#post({ request: 'apply', records }, [records.buffer as ArrayBuffer]);
    this.#gathering ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  /** Ends the thread without `died`: it leaves by itself when it is done, and is cut off only when it is not in time. */
  async stop(): Promise<void> {
    this.#ended ??= new StoreError('STORE_CLOSED', 'The store was closed');
    this.#worker.ref();
    this.#post({ request: 'end' });
    this.#flush();
    const late = setTimeout(() => void this.#worker.terminate(), LEAVE_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(late);
  }

  /** Puts it after everything before it; {@link #flush} posts it. */
  #post(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.#outbox.push(message);
    this.#transfers.push(...transfer);
  }

  #flush(): void {
    clearTimeout(this.#gathering);
    clearImmediate(this.#flushing);
    this.#gathering = undefined;
    this.#flushing = undefined;
    if (this.#outbox.length === 0) return;
    this.#worker.postMessage(this.#outbox, this.#transfers);
    this.#outbox = [];
    this.#transfers = [];
  }

  #receive(message: FromWorker): void {
    if ('applied' in message) {
      this.#backlogBytes -= message.applied;
      this.#look();
      if (message.refusals.length > 0) this.#listener.refused(message.refusals);
      return;
    }
    const asked = this.#asked.get(message.id);
    this.#asked.delete(message.id);
    if (asked?.request === 'export') this.#exporting = false;
    this.#look();
    if (!asked) return;
    if ('words' in message) asked.reject(sqlError(`SQL failed (${asked.request})`, message.words));
    else asked.resolve(message.answer as never);
  }

  #isCrowded(): boolean {
    return this.#backlogBytes > (this.#exporting ? CROWDED_IN_EXPORT_BYTES : CROWDED_BYTES);
  }

  /** After anything changed: lets go on who waits for room, and keeps the process alive only while someone waits. */
  #look(): void {
    if (this.#waiting && (this.#backlogBytes <= this.#waiting.until || !this.#isCrowded())) {
      this.#waiting.resolve();
      this.#waiting = undefined;
    }
    if (this.#waiting || this.#asked.size > 0) this.#worker.ref();
    else this.#worker.unref();
  }

  #end(code: number): void {
    const onPurpose = this.#ended;
    const reason = this.#failure ?? new StoreError('STORE_FAILED', `The thread that runs SQL ended with code ${code}`);
    const error =
      onPurpose ??
      new WorkerDied('STORE_FAILED', `The thread that runs SQL died: ${reason.message}`, { cause: reason });
    this.#ended = error;
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
    this.#waiting?.resolve();
    if (!onPurpose) this.#listener.died(reason);
  }
}

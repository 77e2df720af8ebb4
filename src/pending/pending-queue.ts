/** The durable outbox of reports: what is enqueued is on the disk, and stays there until the server has accepted it. */
import { ServiceError } from '../errors.js';
import { SafeEmitter } from '../observe/emitter.js';
import type { LogFields } from '../observe/logger.js';
import { within } from '../within.js';
import { toPendingItem } from './core.js';
import { Engine } from './engine.js';
import { bringBack } from './failed-reports.js';
import { type PendingQueueOptions, resolveOptions } from './options.js';
import { QUEUE_LINES } from './queue-lines.js';
import type {
  DeliverResult,
  EnqueueOptions,
  EnqueueResult,
  FailedFilter,
  ListOptions,
  PendingItem,
  PendingQueueEvents,
  QueueState,
  QueueStatistics,
  SettleHandler,
} from './types.js';
import { listItems, statisticsOf, triedAll } from './views.js';

/** How long a stop waits for the folder after requests were ended, in ms. */
const FOLDER_DEADLINE_MS = 5_000;

/**
 * Keeps reports in a folder, one file each, and submits them when the server can be reached. See the guide `offline.md`.
 *
 * It works without a pool, as an outbox for any JSON. One process at a time owns the folder.
 */
export class PendingQueue extends SafeEmitter<PendingQueueEvents> {
  /** Read by the pool: what happens to new files while only the server is away. */
  readonly offlinePolicy: 'queue' | 'hold';
  readonly #engine: Engine;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #phase: 'new' | 'started' | 'stopped' = 'new';

  /** @throws {ConfigError} naming every option that is wrong. */
  constructor(options: PendingQueueOptions) {
    const resolved = resolveOptions(options);
    super(resolved.logger, { subject: 'pending', lines: QUEUE_LINES });
    this.offlinePolicy = resolved.offlinePolicy;
    this.#engine = new Engine(resolved, (event, payload) => this.notify(event, payload));
  }

  /** `offline` while the folder, the server, or our right to use it is missing; `offlineReason` says which. */
  get state(): QueueState {
    if (this.#phase !== 'started') return 'stopped';
    if (this.#engine.paused) return 'paused';
    return this.offlineReason === undefined ? 'running' : 'offline';
  }

  /** Why the queue cannot send now, in words; `undefined` when it can. */
  get offlineReason(): string | undefined {
    return this.#engine.offlineReason;
  }

  /** Where its reports lie: absolute. */
  get directory(): string {
    return this.#engine.core.folder.directory;
  }

  /** How many reports wait or are on their way. */
  get size(): number {
    return this.#engine.core.index.size;
  }

  /** Whether the folder can be reached and was read. Until then {@link find} knows nothing, which says nothing. */
  get loaded(): boolean {
    return this.#engine.loaded;
  }

  /** The queue is nearly full, or the disk is: producers should stop until it is `false` again. Event: `pressure`. */
  get pressure(): boolean {
    return this.#engine.room.high;
  }

  /**
   * Takes the folder and begins to send. Resolves within about 5 s in any case: when the folder cannot be reached, the
   * queue is `offline` and takes it up by itself later; whether the server can be reached does not matter here.
   * Calling it again, also meanwhile, gives the same result.
   *
   * @throws {StoreError} `STORE_LOCKED` when another process owns the folder.
   * @throws {ServiceError} after `stop()`.
   */
  start(): Promise<void> {
    if (this.#phase === 'stopped') return Promise.reject(closed('The queue was stopped'));
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  /**
   * Ends the queue: what is being sent gets `timeoutMs` (default 10,000) to finish and is then put back. Nothing is lost.
   * A folder that does not answer is waited for 5 s more; what was being sent is taken back at the next start then.
   * Safe to call more than once. A stopped queue cannot be started again.
   */
  stop({ timeoutMs = 10_000 }: { timeoutMs?: number } = {}): Promise<void> {
    this.#stopping ??= this.#stop(timeoutMs);
    return this.#stopping;
  }

  /** {@link stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Sends nothing more until {@link resume}. Reports are still taken. */
  pause(): void {
    this.#engine.paused = true;
    this.#engine.sender.stop();
    this.#engine.core.gate.shut();
    this.#engine.conditions.check();
  }

  /** Goes on after {@link pause}. */
  resume(): void {
    const { session, sender, core } = this.#engine;
    if (!this.#engine.paused || this.#engine.closing) return;
    this.#engine.paused = false;
    if (!session.isOpen) return;
    sender.start();
    core.gate.open(this.size > 0);
  }

  /**
   * Makes a report durable. When it resolves, the report survives a killed process and a power failure.
   *
   * @throws {QueueFullError} at `maxSize` or `maxBytes`; {DiskSpaceError} when too little space is left; {ServiceError}
   * before `start()` and after `stop()`; {QueueError} when the folder cannot be written. The caller still owns the report then.
   */
  async enqueue(report: unknown, options: EnqueueOptions = {}): Promise<EnqueueResult> {
    this.#assertUsable();
    const result = await this.#engine.intake.enqueue(report, options);
    this.#engine.sender.pump();
    return result;
  }

  /**
   * Hands a report to the server, and makes it durable when that does not work at once. While the queue is online and
   * nothing waits before it, the disk is not touched.
   *
   * @throws as {@link enqueue}, when neither the server nor the disk takes the report. The caller still owns it then.
   */
  async deliver(report: unknown, options: EnqueueOptions & { signal?: AbortSignal } = {}): Promise<DeliverResult> {
    this.#assertUsable();
    const result = await this.#engine.intake.deliver(report, options);
    this.#engine.sender.pump();
    return result;
  }

  /**
   * Registers the one handler that is told of every outcome before the queue forgets it. A handler that rejects is
   * told again, also after a restart. Register it before `start()`. Reports that {@link deliver} handed over directly
   * are not told: their outcome is what `deliver` resolves with.
   */
  settle(handler: SettleHandler): void {
    if (this.#engine.settlement.hasHandler) {
      throw new ServiceError('POOL_STATE', 'The queue has a settle handler already', {
        hints: ['Give each pool a pending queue of its own.'],
      });
    }
    this.#engine.settlement.handle(handler);
  }

  /** What the queue knows of a report, or `undefined` when it does not hold it. */
  find(id: string): PendingItem | undefined {
    const item = this.#engine.core.index.get(id);
    return item && toPendingItem(this.#engine.core, item);
  }

  /** The reports that the queue holds, in order of arrival, a page at a time. A page costs one walk over those before it. */
  list(options: ListOptions = {}): { items: PendingItem[]; nextCursor?: string } {
    return listItems(this.#engine.core, options);
  }

  /** Numbers for health and metrics. */
  statistics(): QueueStatistics {
    return { ...statisticsOf(this.#engine), state: this.state };
  }

  /**
   * Ends every backoff, asks an unreachable server at once, and resolves when everything that waits was tried, or the
   * server turned out to be unreachable. The retry budget still holds.
   */
  async submitAllPending({ signal }: { signal?: AbortSignal } = {}): Promise<{ delivered: number; waiting: number }> {
    this.#assertUsable();
    const { core, sender, conditions } = this.#engine;
    const before = core.counters.delivered;
    core.index.waiting.makeAllDue();
    core.gate.probeNow();
    sender.pump();
    await conditions.until(() => triedAll(this.#engine, this.state), signal);
    return { delivered: core.counters.delivered - before, waiting: this.size };
  }

  /** Brings reports back from `.error`, with no failed attempts; resolves with how many. */
  async retryFailed(filter: FailedFilter = {}): Promise<number> {
    this.#assertUsable();
    this.#engine.core.assertFolder();
    const count = await bringBack(this.#engine.core, filter);
    this.#engine.sender.pump();
    return count;
  }

  /** Resolves when nothing waits, nothing is on its way, and every outcome is settled; rejects with the signal's reason. */
  async drain({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    this.#assertUsable();
    return this.#engine.conditions.until(() => this.#engine.open === 0, signal);
  }

  /** The text without the credentials that the submitter knows. */
  hideSecrets(text: string): string {
    return this.#engine.core.submitter.hideSecrets?.(text) ?? text;
  }

  protected override logFields(): LogFields {
    return { queueSize: this.size };
  }

  async #start(): Promise<void> {
    await this.#engine.session.start();
    if (this.#phase === 'new') this.#phase = 'started';
  }

  async #stop(timeoutMs: number): Promise<void> {
    const { core, sender, settlement, conditions } = this.#engine;
    const { clock, logger, directory } = core.options;
    this.#engine.closing = true;
    sender.stop();
    core.gate.shut();
    await this.#starting?.catch(() => undefined);
    await within(clock, timeoutMs, this.#engine.finished());
    settlement.stop();
    core.abort.abort(closed('The queue is stopping'));
    core.space.stop();
    if (!(await within(clock, FOLDER_DEADLINE_MS, this.#engine.leave()))) {
      logger.warn(
        { path: directory },
        'The pending folder does not answer; what was being sent waits for the next start',
      );
    }
    this.#phase = 'stopped';
    conditions.close(closed('The queue was stopped'));
  }

  #assertUsable(): void {
    if (this.#phase === 'new') throw closed('The queue was not started');
    // While it still waits for what is on its way it takes reports; they would keep it from ending after that.
    if (this.#phase === 'stopped' || this.#engine.core.abort.signal.aborted) throw closed('The queue was stopped');
  }
}

function closed(message: string): ServiceError {
  return new ServiceError('QUEUE_CLOSED', message);
}

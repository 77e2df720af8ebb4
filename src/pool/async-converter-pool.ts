/** The pool's public face: what hosts call. Its life is in `pool-life.ts`, its parts are in `engine.ts`. */
import type { FolderState } from '../discovery/watched-folder.js';
import { ConfigError, ServiceError } from '../errors.js';
import { SafeEmitter } from '../observe/emitter.js';
import type { Health } from '../observe/health.js';
import type { LogFields } from '../observe/logger.js';
import type { PendingQueue } from '../pending/index.js';
import { type Audit, audit } from './audit.js';
import type { ConverterEntry } from './converter-entry.js';
import { explain } from './explain.js';
import { type ItemsFilter, type ItemsPage, listItems } from './items.js';
import { described, entriesOf } from './pool-entries.js';
import type { PoolEvents, PoolState, PoolStatistics } from './pool-events.js';
import { PoolLife } from './pool-life.js';
import { POOL_LINES } from './pool-lines.js';
import type { PoolMetrics } from './pool-metrics.js';
import type { ConverterOptions, PoolOptions } from './pool-options.js';
import type { ConverterChanges } from './reconfiguration.js';
import { needRestart, type ReloadResult } from './reload.js';
import { type ResolvedPoolOptions, resolveOptions } from './resolve-options.js';
import { type RetryFilter, retryFiles } from './retry.js';
import { statisticsOf } from './statistics.js';

/**
 * Carries files from watch folders to a server. One life: `idle`, `starting`, `running`, `stopping`, `stopped`.
 *
 * While it runs it keeps the process alive. Add a listener for `error` before `start()`: trouble in the background that
 * concerns no single file is told there.
 */
export class AsyncConverterPool extends SafeEmitter<PoolEvents> {
  /** The queue that delivers the reports. */
  readonly pending: PendingQueue;
  readonly #given: PoolOptions;
  readonly #options: ResolvedPoolOptions;
  readonly #life: PoolLife;

  /** @throws ConfigError naming every problem of the options at once. */
  constructor(options: PoolOptions) {
    const resolved = resolveOptions(options);
    super(resolved.logger, { subject: 'pool', lines: POOL_LINES });
    this.#given = options;
    this.#options = resolved;
    this.pending = resolved.pending;
    this.#life = new PoolLife(resolved, this.notify.bind(this));
  }

  /** Files wait for a worker or are with one: what is not urgent, such as a replay, should wait. */
  get busy(): boolean {
    const { working, waiting } = this.#life.engine.dispatcher;
    return working + waiting > 0;
  }

  get state(): PoolState {
    return this.#life.state;
  }

  /**
   * Takes the data folder, goes on with what was interrupted, arms the watches, queues what is already there, and
   * begins to work. Calling it again gives the same promise.
   *
   * What cannot be reached keeps it from nothing but its own files: pending folder, archives, watch, done and error
   * folders that give no answer are left away after 5 s and taken up by themselves.
   * @throws StoreError `STORE_LOCKED` when another pool owns the data folder and `onLocked` is 'fail', `STORE_FAILED` when
   * it cannot be used or gives no answer within 5 s; ServiceError after `stop()`; whatever a converter's `initialize()`
   * throws.
   */
  start(): Promise<void> {
    return this.#life.start();
  }

  /** Starts, and resolves when the pool has stopped. @param signal Stops it. */
  async run(signal?: AbortSignal): Promise<void> {
    await this.start();
    if (signal?.aborted) return this.stop();
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => void this.stop(), { once: true });
      this.on('stateChanged', ({ to }) => {
        if (to === 'stopped') this.stop().then(resolve, reject);
      });
    });
  }

  /**
   * Takes nothing more and finishes what runs. After `timeoutMs` (default 30,000) conversions are aborted; their files
   * are taken up at the next start, and the attempt does not count. Safe to call more than once.
   */
  stop({ timeoutMs = 30_000 }: { timeoutMs?: number } = {}): Promise<void> {
    return this.#life.stop(timeoutMs);
  }

  /** {@link stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Files of this converter, or all, wait until {@link resume}. What runs goes on. */
  pause(converterName?: string): void {
    if (converterName === undefined) this.#life.engine.pausedAll = true;
    else this.#life.engine.paused.add(converterName);
  }

  /** Ends {@link pause}; without a name, every pause. */
  resume(converterName?: string): void {
    if (converterName === undefined) {
      this.#life.engine.pausedAll = false;
      this.#life.engine.paused.clear();
    } else {
      this.#life.engine.paused.delete(converterName);
    }
    this.#life.engine.dispatcher.pump();
  }

  /** Looks at all folders anew, then resolves when nothing is waiting to be converted, delivered or cleaned. */
  async idle({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    this.#assertRunning();
    await this.#life.idle(signal);
  }

  /** Files, a page at a time, in the order in which they were first seen. */
  items(filter: ItemsFilter = {}): Promise<ItemsPage> {
    this.#assertRunning();
    return listItems(this.#life.engine, filter);
  }

  /** How each watch folder is watched now: by native events, by polling, or not at all; and why, where it is not the first. */
  folders(): FolderState[] {
    return this.#life.engine.posts.folders();
  }

  /** Where a file is and why, in one sentence; also for files that the pool does not take. @param path Absolute. */
  explain(path: string): Promise<string> {
    this.#assertRunning();
    return explain(this.#life.engine, path);
  }

  /** Compares folders, ledger and pending queue, and names every difference with what to do about it. */
  audit(): Promise<Audit> {
    this.#assertRunning();
    return audit(this.#life.engine);
  }

  /** Takes failed files up again, from the error folder. @returns How many. */
  retry(filter: RetryFilter = {}): Promise<number> {
    this.#assertRunning();
    return retryFiles(this.#life.engine, filter);
  }

  /**
   * Adds a converter. A running pool initialises it, watches its folder, and goes on with files of that name that wait in
   * the books.
   * @throws ConfigError naming every problem of the options; whatever its `initialize()` throws. Nothing has changed then.
   */
  async addConverter(options: ConverterOptions): Promise<void> {
    const [added] = await described(entriesOf(this.#options, [], options));
    await this.#reconfigure(entries =>
      entriesOf(
        this.#options,
        entries.map(entry => entry.given),
        added,
      ),
    );
  }

  /**
   * Removes a converter and resolves when its last conversion has ended and `dispose()` was called. Files of its that wait
   * stay where they are and in the books; they go on when a converter of that name is added.
   * @throws ConfigError when the pool has no converter of this name.
   */
  async removeConverter(name: string): Promise<void> {
    await this.#reconfigure(entries => {
      if (!entries.some(entry => entry.converter.name === name))
        throw new ConfigError([{ path: 'name', message: `no converter '${name}' is in this pool` }]);
      return entries.filter(entry => entry.converter.name !== name);
    });
    await this.#life.reconfiguration.disposed();
  }

  /**
   * Adds, removes and changes converters so that the pool has those of `config`; the others go on undisturbed, and what
   * is being converted is finished with the converter that began it. A converter with another version or other arguments
   * takes up the files that failed before. Resolves when the new converters are in force.
   * @throws ConfigError naming every problem; whatever an `initialize()` throws. Nothing has changed then.
   */
  async reload(config: Pick<PoolOptions, 'converters'> & Partial<PoolOptions>): Promise<ReloadResult> {
    const converters = await described(entriesOf(this.#options, config.converters));
    const changes = await this.#reconfigure(() => entriesOf(this.#options, converters));
    return { ...changes, needRestart: needRestart(this.#given, config) };
  }

  /** How many files are in each state. */
  statistics(): Promise<PoolStatistics> {
    this.#assertRunning();
    return statisticsOf(this.#life.engine);
  }

  /** How the pool is, in any of its states, with every reason for that. Never rejects. */
  health(): Promise<Health> {
    return this.#life.vitalSigns.health();
  }

  /** All numbers, in any of its states; {@link prometheusText} writes them for Prometheus. Never rejects. */
  metrics(): Promise<PoolMetrics> {
    return this.#life.vitalSigns.metrics();
  }

  protected override notify<K extends keyof PoolEvents & string>(event: K, payload: PoolEvents[K]): void {
    this.#life.vitalSigns.monitor.note(event, payload);
    super.notify(event, payload);
  }

  protected override logFields(): LogFields {
    return { queueSize: this.pending.size };
  }

  async #reconfigure(
    wanted: (entries: readonly ConverterEntry[]) => readonly ConverterEntry[],
  ): Promise<ConverterChanges> {
    await this.#life.started();
    const live = this.state === 'running';
    if (!live && this.state !== 'idle') this.#assertRunning();
    const changes = await this.#life.reconfiguration.apply(wanted, live);
    this.notify('reconfigured', changes);
    return changes;
  }

  #assertRunning(): void {
    if (this.state !== 'running') throw new ServiceError('POOL_STATE', `The pool is ${this.state}, not running`);
  }
}

/** The pool: watches folders, converts what comes, delivers the reports and cleans up. Composes everything below it. */
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import type { Timer } from '../clock.js';
import type { FolderState } from '../discovery/watched-folder.js';
import { ConfigError, MillraceError, ServiceError, toError } from '../errors.js';
import { type DirectoryLock, lockDirectory } from '../files/directory-lock.js';
import { PRIVATE_FOLDER } from '../files/file-system.js';
import type { ImpatientFileSystem } from '../files/impatient.js';
import { type SlowOperation, SlowOperations } from '../files/slow-operations.js';
import { Ledger } from '../ledger/ledger.js';
import { SafeEmitter } from '../observe/emitter.js';
import type { Health } from '../observe/health.js';
import type { LogFields } from '../observe/logger.js';
import type { PendingQueue } from '../pending/index.js';
import { allEnded } from '../within.js';
import { archivesMissing } from './archive-options.js';
import { type Audit, audit } from './audit.js';
import { Compaction } from './compaction.js';
import type { ConverterEntry } from './converter-entry.js';
import { ConverterRegistry } from './converter-registry.js';
import { dataFiles } from './data-files.js';
import { Engine } from './engine.js';
import { explain } from './explain.js';
import { describeAll } from './isolation-options.js';
import { type ItemsFilter, type ItemsPage, listItems } from './items.js';
import { Milestone } from './milestone.js';
import type { PoolEvents, PoolState, PoolStatistics } from './pool-events.js';
import { POOL_LINES } from './pool-lines.js';
import type { PoolMetrics } from './pool-metrics.js';
import type { ConverterOptions, PoolOptions } from './pool-options.js';
import { type ConverterChanges, Reconfiguration } from './reconfiguration.js';
import { needRestart, type ReloadResult } from './reload.js';
import { type ResolvedPoolOptions, resolveEntries, resolveOptions } from './resolve-options.js';
import { type RetryFilter, retryFiles } from './retry.js';
import { Roster } from './roster.js';
import { armWatches, startupScan } from './startup-scan.js';
import { statisticsOf } from './statistics.js';
import { VitalSigns } from './vital-signs.js';

/** Any time will do: the timer does nothing but be there. */
const KEEP_ALIVE_MS = 3_600_000;

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
  readonly #abort = new AbortController();
  readonly #engine: Engine;
  readonly #ledger: Ledger;
  readonly #reconfiguration: Reconfiguration;
  readonly #compaction: Compaction;
  readonly #vitalSigns: VitalSigns;
  readonly #idle = new Milestone();
  /** What runs beside the files and has to end before the ledger is closed. */
  readonly #background = new Set<Promise<void>>();
  readonly #slow: SlowOperations | undefined;
  /** For what lies in the data folder. */
  readonly #dataFiles: ImpatientFileSystem;
  #lock: DirectoryLock | undefined;
  #keptAlive: Timer | undefined;
  #state: PoolState = 'idle';
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  /** @throws ConfigError naming every problem of the options at once. */
  constructor(options: PoolOptions) {
    const resolved = resolveOptions(options);
    super(resolved.logger, { subject: 'pool', lines: POOL_LINES });
    this.#given = options;
    this.#options = resolved;
    this.pending = resolved.pending;
    // Every file that is worked on listens to it; Node would take more than ten for a leak.
    setMaxListeners(0, this.#abort.signal);
    const { dataDir, fs, clock, logger, secrets, stationName, entries } = resolved;
    this.#dataFiles = dataFiles(fs, clock, dataDir);
    this.#ledger = new Ledger({ directory: dataDir, fs: this.#dataFiles.fs, clock, logger }, error =>
      this.notify('error', { error }),
    );
    if (resolved.slowOperationMs > 0) {
      const onSlow = (slow: SlowOperation): void => this.notify('slowOperation', slow);
      this.#slow = new SlowOperations({ fs, clock, budgetMs: resolved.slowOperationMs, onSlow });
    }
    const context = {
      fs: this.#slow?.fs ?? fs,
      clock,
      logger,
      secrets,
      ledger: this.#ledger,
      pending: this.pending,
      roster: new Roster(),
      registry: new ConverterRegistry(entries),
      stationName,
      signal: this.#abort.signal,
      notify: this.notify.bind(this) as Engine['context']['notify'],
    };
    this.#engine = new Engine(context, resolved, () => this.#checkIdle());
    this.#reconfiguration = new Reconfiguration(this.#engine);
    const { posts } = this.#engine;
    this.#compaction = new Compaction(context, resolved.ledger, root => posts.holdsSince(root, clock.monotonic()));
    const { concurrency, health: thresholds } = resolved;
    const { retention } = this.#options;
    this.#vitalSigns = new VitalSigns(this.#engine, { concurrency, thresholds, retention, state: () => this.#state });
    this.#listen();
  }

  /** Files wait for a worker or are with one: what is not urgent, such as a replay, should wait. */
  get busy(): boolean {
    const { working, waiting } = this.#engine.dispatcher;
    return working + waiting > 0;
  }

  get state(): PoolState {
    return this.#state;
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
    if (this.#stopping !== undefined) return Promise.reject(new ServiceError('POOL_STATE', 'The pool was stopped'));
    this.#starting ??= this.#start();
    return this.#starting;
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
    this.#stopping ??= this.#stopOnce(timeoutMs);
    return this.#stopping;
  }

  /** {@link stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Files of this converter, or all, wait until {@link resume}. What runs goes on. */
  pause(converterName?: string): void {
    if (converterName === undefined) this.#engine.pausedAll = true;
    else this.#engine.paused.add(converterName);
  }

  /** Ends {@link pause}; without a name, every pause. */
  resume(converterName?: string): void {
    if (converterName === undefined) {
      this.#engine.pausedAll = false;
      this.#engine.paused.clear();
    } else {
      this.#engine.paused.delete(converterName);
    }
    this.#engine.dispatcher.pump();
  }

  /** Looks at all folders anew, then resolves when nothing is waiting to be converted, delivered or cleaned. */
  async idle({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    this.#assertRunning();
    await this.#engine.posts.scanAll();
    if (this.#engine.quiet) return;
    await this.#idle.wait(signal);
  }

  /** Files, a page at a time, in the order in which they were first seen. */
  items(filter: ItemsFilter = {}): Promise<ItemsPage> {
    this.#assertRunning();
    return listItems(this.#engine, filter);
  }

  /** How each watch folder is watched now: by native events, by polling, or not at all; and why, where it is not the first. */
  folders(): FolderState[] {
    return this.#engine.posts.folders();
  }

  /** Where a file is and why, in one sentence; also for files that the pool does not take. @param path Absolute. */
  explain(path: string): Promise<string> {
    this.#assertRunning();
    return explain(this.#engine, path);
  }

  /** Compares folders, ledger and pending queue, and names every difference with what to do about it. */
  audit(): Promise<Audit> {
    this.#assertRunning();
    return audit(this.#engine);
  }

  /** Takes failed files up again, from the error folder. @returns How many. */
  retry(filter: RetryFilter = {}): Promise<number> {
    this.#assertRunning();
    return retryFiles(this.#engine, filter);
  }

  /**
   * Adds a converter. A running pool initialises it, watches its folder, and goes on with files of that name that wait in
   * the books.
   * @throws ConfigError naming every problem of the options; whatever its `initialize()` throws. Nothing has changed then.
   */
  async addConverter(options: ConverterOptions): Promise<void> {
    const [added] = await this.#described(this.#resolve([], options));
    await this.#reconfigure(entries =>
      this.#resolve(
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
    await this.#reconfiguration.disposed();
  }

  /**
   * Adds, removes and changes converters so that the pool has those of `config`; the others go on undisturbed, and what
   * is being converted is finished with the converter that began it. A converter with another version or other arguments
   * takes up the files that failed before. Resolves when the new converters are in force.
   * @throws ConfigError naming every problem; whatever an `initialize()` throws. Nothing has changed then.
   */
  async reload(config: Pick<PoolOptions, 'converters'> & Partial<PoolOptions>): Promise<ReloadResult> {
    const converters = await this.#described(this.#resolve(config.converters));
    const changes = await this.#reconfigure(() => this.#resolve(converters));
    return { ...changes, needRestart: needRestart(this.#given, config) };
  }

  /** How many files are in each state. */
  statistics(): Promise<PoolStatistics> {
    this.#assertRunning();
    return statisticsOf(this.#engine);
  }

  /** How the pool is, in any of its states, with every reason for that. Never rejects. */
  health(): Promise<Health> {
    return this.#vitalSigns.health();
  }

  /** All numbers, in any of its states; {@link prometheusText} writes them for Prometheus. Never rejects. */
  metrics(): Promise<PoolMetrics> {
    return this.#vitalSigns.metrics();
  }

  protected override notify<K extends keyof PoolEvents & string>(event: K, payload: PoolEvents[K]): void {
    this.#vitalSigns.monitor.note(event, payload);
    super.notify(event, payload);
  }

  protected override logFields(): LogFields {
    return { queueSize: this.pending.size };
  }

  async #start(): Promise<void> {
    const { clock, logger, dataDir, onLocked } = this.#options;
    const { fs } = this.#dataFiles;
    const { registry, pending } = this.#engine.context;
    const { archivist, settlement, places, pulls, recovery } = this.#engine;
    this.#enter('starting');
    try {
      await fs.mkdir(dataDir, { recursive: true, mode: PRIVATE_FOLDER });
      this.#lock = await lockDirectory(join(dataDir, 'lock'), {
        fs,
        clock,
        logger,
        onLocked,
        signal: this.#abort.signal,
        onLost: error => this.#lost(error),
      });
      await this.#ledger.open();
      this.#dataFiles.calm();
      pending.settle(settlement);
      await this.#describe();
      for (const entry of registry.entries) await entry.converter.initialize?.();
      // Side by side: where all of them are on a share that hangs, they are waited for once.
      await allEnded([
        archivist.open(),
        pending.start(),
        ...registry.entries.map(entry => places.check(entry)),
        pulls.prepare(registry.entries).then(() => armWatches(this.#engine)),
      ]);
      await recovery.resume();
      for (const entry of registry.entries) await recovery.retakeOutdated(entry);
      await startupScan(this.#engine, this.#options.startupScan);
    } catch (thrown) {
      await this.#shutDown(0);
      throw this.#dataFiles.failure ?? thrown;
    }
    if (this.#stopping !== undefined) return;
    this.#enter('running');
    this.#keepAlive();
    this.#engine.dispatcher.start();
    this.#engine.pulls.update();
    this.#reconcile();
    const { posts } = this.#engine;
    this.#inBackground(recovery.noteRemoved(root => posts.holdsSince(root, this.#options.clock.monotonic())));
    this.#compaction.start();
    this.#options.retention?.start();
  }

  async #stopOnce(timeoutMs: number): Promise<void> {
    if (this.#state === 'starting') {
      // Nothing is worked on yet: waiting for the lock and looking through folders end at once.
      this.#abort.abort();
      await this.#starting?.catch(() => undefined);
    }
    if (this.#state === 'idle') this.#enter('stopped');
    if (this.#state !== 'stopped') await this.#shutDown(timeoutMs);
  }

  async #shutDown(timeoutMs: number): Promise<void> {
    const { clock, logger } = this.#options;
    this.#enter('stopping');
    if (this.#keptAlive) clock.clearTimeout(this.#keptAlive);
    await this.#reconfiguration.close();
    await this.#engine.stopIntake();
    const compacted = this.#compaction.stop();
    const purged = this.#options.retention?.stop();
    this.#vitalSigns.stop();
    const { dispatcher } = this.#engine;
    const timer = clock.setTimeout(() => this.#abort.abort(), timeoutMs);
    const startedAt = clock.monotonic();
    await dispatcher.finished();
    await this.#engine.finishLateWrites();
    clock.clearTimeout(timer);
    this.#abort.abort();
    await this.pending.stop({ timeoutMs: Math.max(0, timeoutMs - (clock.monotonic() - startedAt)) });
    // These write to the ledger, too, and end by themselves now.
    await Promise.all([compacted, purged]);
    while (this.#background.size > 0) await Promise.all(this.#background);
    await this.#engine.archivist.close();
    await this.#reconfiguration.disposed();
    for (const entry of this.#engine.context.registry.entries) await this.#reconfiguration.dispose(entry);
    await this.#ledger
      .close()
      .catch((error: Error) => logger.error({ err: error }, 'The ledger was not closed cleanly'));
    await this.#lock?.release();
    this.#slow?.close();
    this.#enter('stopped');
    logger.flush();
  }

  /** A pool whose folders are all away has no watch that would keep the process from ending. */
  #keepAlive(): void {
    this.#keptAlive = this.#options.clock.setTimeout(() => this.#keepAlive(), KEEP_ALIVE_MS);
  }

  #listen(): void {
    this.pending.on('pressure', () => this.#engine.dispatcher.pump());
    this.pending.on('online', () => this.#engine.dispatcher.pump());
    this.pending.on('recovered', () => {
      if (this.#state === 'running') this.#reconcile();
      this.#checkIdle();
    });
    this.pending.on('idle', () => this.#checkIdle());
    this.pending.on('submitted', () => {
      this.#vitalSigns.monitor.moved();
      this.#checkIdle();
    });
    this.pending.on('error', payload => this.notify('error', payload));
    // A purge that fails by itself at night must not be known to the retention engine alone.
    this.#options.retention?.on('error', payload => this.notify('error', payload));
    this.#options.retention?.on('failed', ({ error }) => this.notify('error', { error }));
    this.#options.retention?.logTo(this.logger);
    this.#ledger.store.on('error', payload => this.notify('error', payload));
    this.#ledger.store.on('damaged', ({ file, message }) => {
      this.notify('error', { error: new MillraceError('STORE_DAMAGED', message), path: file });
    });
  }

  #resolve(converters: readonly ConverterOptions[], added?: ConverterOptions): readonly ConverterEntry[] {
    const { dataDir, archive } = this.#options;
    const entries = resolveEntries(converters, dataDir, added);
    const problems = archivesMissing(entries, archive);
    if (problems.length > 0) throw new ConfigError(problems);
    return entries;
  }

  /** Converters in workers that the pool was made with. */
  async #describe(): Promise<void> {
    const { entries } = this.#engine.context.registry;
    if (!entries.some(({ isolation }) => isolation !== 'none')) return;
    const converters = await this.#described(entries);
    await this.#reconfiguration.apply(() => this.#resolve(converters), false);
  }

  /** What converters in workers are, is known once one has loaded them: their names, versions and files. */
  async #described(entries: readonly ConverterEntry[]): Promise<ConverterOptions[]> {
    await describeAll(entries.map(entry => entry.converter));
    return entries.map(entry => entry.given);
  }

  async #reconfigure(
    wanted: (entries: readonly ConverterEntry[]) => readonly ConverterEntry[],
  ): Promise<ConverterChanges> {
    if (this.#state === 'starting') await this.#starting;
    const live = this.#state === 'running';
    if (!live && this.#state !== 'idle') this.#assertRunning();
    const changes = await this.#reconfiguration.apply(wanted, live);
    this.notify('reconfigured', changes);
    return changes;
  }

  #lost(error: Error): void {
    this.notify('error', { error });
    // Another process writes here now: nothing more may be written by this one.
    this.stop({ timeoutMs: 0 }).catch((thrown: unknown) => this.notify('error', { error: toError(thrown) }));
  }

  #checkIdle(): void {
    if (this.#idle.awaited && this.#engine.quiet) this.#idle.reached();
  }

  #enter(to: PoolState): void {
    const from = this.#state;
    this.#state = to;
    if (from !== to) this.notify('stateChanged', { from, to });
    if (to === 'stopped') this.#idle.reached();
  }

  #reconcile(): void {
    this.#inBackground(this.#engine.recovery.reconcile(this.#engine.settlement));
  }

  #inBackground(task: Promise<unknown>): void {
    const told: Promise<void> = task
      .then(
        () => undefined,
        (thrown: unknown) => this.notify('error', { error: toError(thrown) }),
      )
      .finally(() => this.#background.delete(told));
    this.#background.add(told);
  }

  #assertRunning(): void {
    if (this.#state !== 'running') throw new ServiceError('POOL_STATE', `The pool is ${this.#state}, not running`);
  }
}

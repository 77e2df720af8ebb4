/** The life of a pool: what is made, opened and begun, in which order, and how all of it ends. */
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import type { Timer } from '../clock.js';
import { MillraceError, ServiceError, toError } from '../errors.js';
import { type DirectoryLock, lockDirectory } from '../files/directory-lock.js';
import { PRIVATE_FOLDER } from '../files/file-system.js';
import type { ImpatientFileSystem } from '../files/impatient.js';
import { type SlowOperation, SlowOperations } from '../files/slow-operations.js';
import { Ledger } from '../ledger/ledger.js';
import { allEnded } from '../within.js';
import { Compaction } from './compaction.js';
import { ConverterRegistry } from './converter-registry.js';
import { dataFiles } from './data-files.js';
import { Engine } from './engine.js';
import { Milestone } from './milestone.js';
import type { PoolContext } from './pool-context.js';
import { described, entriesOf } from './pool-entries.js';
import type { PoolEvents, PoolState } from './pool-events.js';
import { Reconfiguration } from './reconfiguration.js';
import type { ResolvedPoolOptions } from './resolve-options.js';
import { Roster } from './roster.js';
import { armWatches, startupScan } from './startup-scan.js';
import { VitalSigns } from './vital-signs.js';

/** Any time will do: the timer does nothing but be there. */
const KEEP_ALIVE_MS = 3_600_000;

/** Tells the pool's listeners. */
type Notify = <K extends keyof PoolEvents & string>(event: K, payload: PoolEvents[K]) => void;

/** One life: `idle`, `starting`, `running`, `stopping`, `stopped`. */
export class PoolLife {
  readonly engine: Engine;
  readonly reconfiguration: Reconfiguration;
  readonly vitalSigns: VitalSigns;
  readonly #options: ResolvedPoolOptions;
  readonly #notify: Notify;
  readonly #abort = new AbortController();
  readonly #ledger: Ledger;
  readonly #compaction: Compaction;
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

  constructor(options: ResolvedPoolOptions, notify: Notify) {
    this.#options = options;
    this.#notify = notify;
    // Every file that is worked on listens to it; Node would take more than ten for a leak.
    setMaxListeners(0, this.#abort.signal);
    const { dataDir, fs, clock, logger, secrets, stationName, entries, pending, retention } = options;
    this.#dataFiles = dataFiles(fs, clock, dataDir);
    this.#ledger = new Ledger({ directory: dataDir, fs: this.#dataFiles.fs, clock, logger }, error =>
      notify('error', { error }),
    );
    if (options.slowOperationMs > 0) {
      const onSlow = (slow: SlowOperation): void => notify('slowOperation', slow);
      this.#slow = new SlowOperations({ fs, clock, budgetMs: options.slowOperationMs, onSlow });
    }
    const context: PoolContext = {
      fs: this.#slow?.fs ?? fs,
      clock,
      logger,
      secrets,
      ledger: this.#ledger,
      pending,
      roster: new Roster(),
      registry: new ConverterRegistry(entries),
      stationName,
      signal: this.#abort.signal,
      notify,
    };
    this.engine = new Engine(context, options, () => this.#checkIdle());
    this.reconfiguration = new Reconfiguration(this.engine);
    const { posts } = this.engine;
    this.#compaction = new Compaction(context, options.ledger, root => posts.holdsSince(root, clock.monotonic()));
    const { concurrency, health: thresholds } = options;
    this.vitalSigns = new VitalSigns(this.engine, { concurrency, thresholds, retention, state: () => this.#state });
    this.#listen();
  }

  get state(): PoolState {
    return this.#state;
  }

  /** Resolves when the pool has started, or has failed to, or is not about to. */
  async started(): Promise<void> {
    if (this.#state === 'starting') await this.#starting;
  }

  start(): Promise<void> {
    if (this.#stopping !== undefined) return Promise.reject(new ServiceError('POOL_STATE', 'The pool was stopped'));
    this.#starting ??= this.#start();
    return this.#starting;
  }

  stop(timeoutMs: number): Promise<void> {
    this.#stopping ??= this.#stopOnce(timeoutMs);
    return this.#stopping;
  }

  /** Resolves when nothing is waiting to be converted, delivered or cleaned. */
  async idle(signal: AbortSignal | undefined): Promise<void> {
    await this.engine.posts.scanAll();
    if (this.engine.quiet) return;
    await this.#idle.wait(signal);
  }

  #listen(): void {
    const { pending, retention, logger } = this.#options;
    pending.on('pressure', () => this.engine.dispatcher.pump());
    pending.on('online', () => this.engine.dispatcher.pump());
    pending.on('recovered', () => {
      if (this.#state === 'running') this.#reconcile();
      this.#checkIdle();
    });
    pending.on('idle', () => this.#checkIdle());
    pending.on('submitted', () => {
      this.vitalSigns.monitor.moved();
      this.#checkIdle();
    });
    pending.on('error', payload => this.#notify('error', payload));
    // A purge that fails by itself at night must not be known to the retention engine alone.
    retention?.on('error', payload => this.#notify('error', payload));
    retention?.on('failed', ({ error }) => this.#notify('error', { error }));
    retention?.logTo(logger);
    this.#ledger.store.on('error', payload => this.#notify('error', payload));
    this.#ledger.store.on('damaged', ({ file, message }) => {
      this.#notify('error', { error: new MillraceError('STORE_DAMAGED', message), path: file });
    });
  }

  async #start(): Promise<void> {
    const { clock, logger, dataDir, onLocked } = this.#options;
    const { fs } = this.#dataFiles;
    const { registry, pending } = this.engine.context;
    const { archivist, settlement, places, pulls, recovery } = this.engine;
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
        pulls.prepare(registry.entries).then(() => armWatches(this.engine)),
      ]);
      await recovery.resume();
      for (const entry of registry.entries) await recovery.retakeOutdated(entry);
      await startupScan(this.engine, this.#options.startupScan);
    } catch (thrown) {
      await this.#shutDown(0);
      throw this.#dataFiles.failure ?? thrown;
    }
    if (this.#stopping !== undefined) return;
    this.#enter('running');
    this.#keepAlive();
    this.engine.dispatcher.start();
    this.engine.pulls.update();
    this.#reconcile();
    const { posts } = this.engine;
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
    await this.reconfiguration.close();
    await this.engine.stopIntake();
    const compacted = this.#compaction.stop();
    const purged = this.#options.retention?.stop();
    this.vitalSigns.stop();
    const timer = clock.setTimeout(() => this.#abort.abort(), timeoutMs);
    const startedAt = clock.monotonic();
    await this.engine.finished();
    clock.clearTimeout(timer);
    this.#abort.abort();
    await this.#options.pending.stop({ timeoutMs: Math.max(0, timeoutMs - (clock.monotonic() - startedAt)) });
    // These write to the ledger, too, and end by themselves now.
    await Promise.all([compacted, purged]);
    while (this.#background.size > 0) await Promise.all(this.#background);
    await this.engine.archivist.close();
    await this.reconfiguration.disposed();
    for (const entry of this.engine.context.registry.entries) await this.reconfiguration.dispose(entry);
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

  #lost(error: Error): void {
    this.#notify('error', { error });
    // Another process writes here now: nothing more may be written by this one.
    this.stop(0).catch((thrown: unknown) => this.#notify('error', { error: toError(thrown) }));
  }

  #checkIdle(): void {
    if (this.#idle.awaited && this.engine.quiet) this.#idle.reached();
  }

  #enter(to: PoolState): void {
    const from = this.#state;
    this.#state = to;
    if (from !== to) this.#notify('stateChanged', { from, to });
    if (to === 'stopped') this.#idle.reached();
  }

  #reconcile(): void {
    this.#inBackground(this.engine.recovery.reconcile(this.engine.settlement));
  }

  #inBackground(task: Promise<unknown>): void {
    const told: Promise<void> = task
      .then(
        () => undefined,
        (thrown: unknown) => this.#notify('error', { error: toError(thrown) }),
      )
      .finally(() => this.#background.delete(told));
    this.#background.add(told);
  }

  /** Converters in workers that the pool was made with. */
  async #describe(): Promise<void> {
    const { entries } = this.engine.context.registry;
    if (!entries.some(({ isolation }) => isolation !== 'none')) return;
    const converters = await described(entries);
    await this.reconfiguration.apply(() => entriesOf(this.#options, converters), false);
  }
}

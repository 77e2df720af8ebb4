/** The parts of a running pool, wired together; the pool itself is their public face. */
import { join } from 'node:path';
import { isDiskFull, toError } from '../errors.js';
import { DiskSpaceMonitor } from '../files/disk-space.js';
import { isInside } from '../files/names.js';
import { KeyedLock } from '../keyed-lock.js';
import type { FileState } from '../ledger/file-record.js';
import type { ActiveFile } from './active-file.js';
import { Archivist } from './archivist.js';
import { Claims } from './claims.js';
import { Cleaner } from './cleaner.js';
import type { ConverterEntry } from './converter-entry.js';
import { Handovers } from './delivery.js';
import { Dispatcher } from './dispatcher.js';
import { DoneFiles } from './done-files.js';
import { Endings } from './endings.js';
import { Growing } from './growing.js';
import { handBack } from './hand-back.js';
import { Intake } from './intake.js';
import { Journey } from './journey.js';
import { LateWrites } from './late-writes.js';
import { Later } from './later.js';
import { Places } from './places.js';
import { about, type PoolContext } from './pool-context.js';
import { Pulls } from './pulls/pulls.js';
import { Reader } from './reader.js';
import { Recovery } from './recovery.js';
import { RemovedFiles } from './removed-files.js';
import type { ResolvedPoolOptions } from './resolve-options.js';
import { Settlement } from './settlement.js';
import { Shadows } from './shadows.js';
import { noteVanished } from './vanished.js';
import { WatchPost } from './watch-post.js';

/** A file that changed after it left the watch folder is looked at again after so long. */
const CHANGED_DELAY_MS = 1_000;

/** Holds and connects intake, dispatch, the journey of each file, cleaning and settlement. */
export class Engine {
  readonly context: PoolContext;
  readonly intake: Intake;
  readonly growing: Growing;
  readonly posts: WatchPost;
  readonly dispatcher: Dispatcher;
  readonly archivist: Archivist;
  readonly cleaner: Cleaner;
  readonly places: Places;
  readonly recovery: Recovery;
  readonly settlement: Settlement;
  readonly shadows: Shadows;
  readonly space: DiskSpaceMonitor;
  readonly pulls: Pulls;
  /** Converters whose files wait because the host said so. */
  readonly paused = new Set<string>();
  pausedAll = false;
  readonly #options: ResolvedPoolOptions;
  readonly #doneFiles: DoneFiles;
  readonly #lateWrites: LateWrites;
  readonly #removed: RemovedFiles;
  readonly #journey: Journey;
  readonly #reader: Reader;
  readonly #later: Later<ActiveFile>;
  readonly #onQuiet: () => void;

  /** @param onQuiet Called whenever there may be nothing left to do. */
  constructor(context: PoolContext, options: ResolvedPoolOptions, onQuiet: () => void) {
    const { fs, clock, ledger, roster, registry, notify } = context;
    this.context = context;
    this.#options = options;
    this.#onQuiet = onQuiet;
    this.#doneFiles = new DoneFiles(fs);
    const rows = new KeyedLock();
    const handovers = new Handovers();
    this.#later = new Later(clock, file => this.ready(file));
    this.places = new Places({
      fs,
      clock,
      probeIntervalMs: options.probeIntervalMs,
      onAway: (entry, error) => notify('watcherDegraded', { folder: entry.errorFolder, error, reason: error.message }),
      onBack: entry => {
        notify('watcherRecovered', { folder: entry.errorFolder });
        this.cleaner.hurry();
        this.dispatcher.pump();
      },
    });
    this.archivist = new Archivist(context, {
      archive: options.archive,
      probeIntervalMs: options.probeIntervalMs,
      copies: join(options.dataDir, 'copies'),
      onBack: () => {
        this.cleaner.hurry();
        this.dispatcher.pump();
      },
    });
    const { archivist } = this;
    this.#removed = new RemovedFiles(context, (record, earlier) => {
      const file = this.recovery.take(record);
      if (!file) return;
      if (earlier.reports > 0) file.earlier = earlier;
      notify('discovered', { ...about(file), size: record.size });
      this.growing.add(file, record);
    });
    const cleaning = { rows, doneFiles: this.#doneFiles, archivist, removed: this.#removed };
    this.cleaner = new Cleaner(context, this.places, cleaning, file => this.#done(file));
    this.recovery = new Recovery(
      context,
      { cleaner: this.cleaner, archivist },
      {
        ready: (file, delayMs) => this.#again(file, delayMs),
      },
    );
    this.settlement = new Settlement(context, { cleaner: this.cleaner, archivist }, handovers, rows, {
      take: record => this.recovery.take(record),
      retake: record => this.recovery.retake(record),
    });
    const { cleaner } = this;
    const endings = new Endings(context, { cleaner, archivist }, (file, delayMs) => this.#again(file, delayMs));
    const claims = new Claims(context, endings, archivist, {
      closedBecause: entry => this.closedBecause(entry),
      requeue: file => this.ready(file),
    });
    this.shadows = new Shadows(context, () => this.dispatcher.waiting > 0);
    this.#reader = new Reader(context, archivist, () => this.dispatcher.upcoming(), options.concurrency);
    const parts = { cleaner, archivist, endings, claims, handovers, reader: this.#reader, shadows: this.shadows };
    this.#journey = new Journey(context, parts, {
      changed: file => this.#changed(file),
      vanished: file => this.#vanished(file),
      handedOver: ids => this.settlement.catchUp(ids),
      trouble: error => {
        if (isDiskFull(error)) this.space.reportFull();
      },
      done: file => this.#done(file),
    });
    this.dispatcher = new Dispatcher({
      concurrency: options.concurrency,
      run: (file, free) => this.#run(file, free),
      isOpen: entry => this.closedBecause(entry) === undefined,
      onTurns: () => this.#reader.lookAhead(),
      onFree: onQuiet,
    });
    this.growing = new Growing({
      fs,
      clock,
      onReady: file => this.ready(file),
      onVanished: file => void this.#vanished(file),
      onWaiting: (file, reason) => notify('waiting', { ...about(file), reason }),
      onError: (error, file) => notify('error', { error, path: file.path, correlationId: file.correlationId }),
      onQuiet,
    });
    this.#lateWrites = new LateWrites(context, this.recovery, this.growing);
    this.intake = new Intake({
      fs,
      clock,
      ledger,
      roster,
      growing: this.growing,
      signal: context.signal,
      onDiscovered: file => {
        this.#doneFiles.arrived(file);
        notify('discovered', { ...about(file), size: file.record.size });
      },
      onFolder: root => void this.posts.scan(root),
      candidates: (entry, { root }, path) => (registry.isCurrent(entry) ? registry.rivals(entry, { root, path }) : []),
      onError: (error, path) => notify('error', { error, path }),
      onQuiet,
    });
    this.posts = new WatchPost(this.intake, {
      fs,
      clock,
      registry,
      startWatch: options.startWatch,
      onDegraded: (folder, error) => notify('watcherDegraded', { folder, error, reason: error.message }),
      onRecovered: folder => notify('watcherRecovered', { folder }),
      onError: (error, path) => notify('error', { error, path }),
      onScanned: statistics => notify('scanCompleted', statistics),
    });
    this.pulls = new Pulls(context, {
      closedBecause: entry => this.closedBecause(entry),
      onFile: (entry, path) => {
        const root = this.posts.roots.find(one => one.root === entry.watchFolder);
        if (root) this.intake.hint(root, path);
      },
      onQuiet,
    });
    this.space = new DiskSpaceMonitor({
      fs,
      clock,
      logger: context.logger,
      path: options.dataDir,
      minFreeBytes: options.minFreeBytes,
      minFreePercent: 0,
      onLow: ({ path, freeBytes }) => notify('diskLow', { path, freeBytes }),
      onRecovered: ({ path, freeBytes }) => {
        notify('diskRecovered', { path, freeBytes });
        this.dispatcher.pump();
      },
    });
  }

  /** Nothing is waiting to be converted, delivered or cleaned, but for files that lack what may never come. */
  get quiet(): boolean {
    const { pending, roster } = this.context;
    if (this.pulls.busy || this.dispatcher.working > 0 || !this.intake.idle) return false;
    // Asked for after each file: what costs more comes last. A queue that cannot see its folder may have anything in it.
    if (roster.size > this.growing.excused || !pending.loaded) return false;
    const { queued, processing, completed } = pending.statistics();
    return queued + processing + completed === 0;
  }

  /** Why files of this converter wait, where they do. */
  closedBecause(entry: ConverterEntry): string | undefined {
    const { pending } = this.context;
    if (this.pausedAll) return 'the pool is paused';
    if (this.paused.has(entry.converter.name)) return `'${entry.converter.name}' is paused`;
    if (this.space.low) return 'the disk of the data folder is low';
    if (pending.pressure) return 'the pending queue is nearly full';
    return this.placeAway(entry);
  }

  /** Which place that the converter's files need is away, where one is. */
  placeAway(entry: ConverterEntry): string | undefined {
    const { pending } = this.context;
    const held = this.#options.offlinePolicy === 'hold' && pending.state === 'offline';
    if (held) return `the server cannot be reached: ${pending.offlineReason ?? 'no answer'}`;
    return this.places.reason(entry) ?? this.archivist.reason(entry);
  }

  /** The state of a file in hand as users see it. */
  stateOf(file: ActiveFile): FileState {
    return file.state === 'queued' && this.placeAway(file.entry) !== undefined ? 'waiting_for_network' : file.state;
  }

  /** A file rests and waits for a worker. */
  ready(file: ActiveFile): void {
    if (this.#handedBack(file)) return;
    file.state = 'queued';
    file.queuedAt = this.context.clock.monotonic();
    this.context.notify('queued', { ...about(file), priority: file.priority });
    this.dispatcher.put(file);
  }

  /** Files that wait are no longer in hand; the books keep them. What is worked on goes on. */
  async withdraw(wanted: (file: ActiveFile) => boolean): Promise<void> {
    const waiting = [this.growing, this.dispatcher, this.#later].flatMap(part => part.withdraw(wanted));
    this.#reader.forget(waiting);
    // Until their rows can be found, they stay in hand: whoever looks at them meanwhile would take them for new.
    try {
      await this.context.ledger.caughtUp();
    } finally {
      for (const file of waiting) {
        this.context.roster.remove(file);
        this.#doneFiles.forget(file);
      }
      this.#onQuiet();
    }
  }

  /** Stops timers and watches; what runs goes on. */
  async stopIntake(): Promise<void> {
    this.dispatcher.stop();
    const pulled = this.pulls.close();
    const looked = this.intake.close();
    this.#later.close();
    this.#lateWrites.close();
    this.#removed.stop();
    this.cleaner.close();
    this.places.close();
    this.space.stop();
    await Promise.all([pulled, looked, this.posts.close(), this.shadows.close()]);
  }

  /** Resolves when no file is worked on any more, and what was removed was looked at for the last time. */
  async finished(): Promise<void> {
    await this.dispatcher.finished();
    await this.#reader.close();
    await this.#removed.close();
  }

  async #run(file: ActiveFile, free: () => void): Promise<void> {
    try {
      await this.space.ensure();
    } catch (thrown) {
      this.context.logger.warn({ file: file.path, err: toError(thrown) }, 'Intake pauses: the disk is low');
      return this.ready(file);
    }
    await this.#journey.run(file, free);
  }

  /** A converter that was changed or removed while it worked on a file does not get it again. */
  #handedBack(file: ActiveFile): boolean {
    if (this.context.registry.isCurrent(file.entry)) return false;
    void handBack(this, file).then(this.#onQuiet);
    return true;
  }

  #again(file: ActiveFile, delayMs: number): void {
    if (this.#handedBack(file)) return;
    if (file.record.state !== 'suspended') file.state = 'ready';
    if (delayMs === 0) this.ready(file);
    else this.#later.put(file, delayMs);
  }

  async #changed(file: ActiveFile): Promise<void> {
    const inPlace = file.location === file.path;
    const look = inPlace ? await file.entry.unit.look(this.context.fs, file.path, 0).catch(() => undefined) : undefined;
    if (this.#handedBack(file)) return;
    // Gone, or not to be looked at: the next turn finds out which.
    if (look) this.growing.add(file, look.identity);
    else this.#again(file, CHANGED_DELAY_MS);
  }

  async #vanished(file: ActiveFile): Promise<void> {
    await noteVanished(this, file);
    this.#done(file);
  }

  #done(file: ActiveFile): void {
    this.context.roster.remove(file);
    this.#doneFiles.forget(file);
    this.#lateWrites.watch(file);
    const root = this.posts.roots.find(one => isInside(one.root, file.path));
    // An event that came meanwhile may have been a new file of the same name.
    if (file.heardOf && root) this.intake.hint(root, file.path);
    this.#onQuiet();
  }
}

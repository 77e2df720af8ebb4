/** The parts of the queue, made and connected: what each change in one means for the others. */
import { setMaxListeners } from 'node:events';
import { setImmediate as breathe } from 'node:timers/promises';
import { ServiceError, systemCode } from '../errors.js';
import { DiskSpaceMonitor } from '../files/disk-space.js';
import { Reserve } from '../files/reserve.js';
import { toSubmitter } from '../submit/submitter.js';
import { Conditions } from './conditions.js';
import { type Core, zeroes } from './core.js';
import { DroppedFiles } from './dropped-files.js';
import { FolderSession } from './folder-session.js';
import { Gate } from './gate.js';
import { Intake } from './intake.js';
import { ItemFolder } from './item-folder.js';
import { ItemIndex } from './item-index.js';
import { Latency } from './latency.js';
import type { ResolvedOptions } from './options.js';
import type { Recovered } from './recovery.js';
import { RetryBudget } from './retry-budget.js';
import { Room } from './room.js';
import { Sender } from './sender.js';
import { Settlement } from './settlement.js';

const SLICE = 2_000;

export class Engine {
  readonly core: Core;
  readonly conditions: Conditions;
  readonly intake: Intake;
  readonly room: Room;
  readonly sender: Sender;
  readonly settlement: Settlement;
  readonly session: FolderSession;
  readonly dropped: DroppedFiles;
  /** Stopped by the host for a while. */
  paused = false;
  /** The queue is being stopped: nothing is started any more. */
  closing = false;
  readonly #reserve: Reserve;
  #folderError: Error | undefined;
  #offlineSince: number | undefined;
  #openedAt = 0;
  #busy = false;
  #background: Promise<unknown> = Promise.resolve();
  #known = false;

  constructor(options: ResolvedOptions, notify: Core['notify']) {
    const { fs, clock, logger, directory } = options;
    this.#reserve = new Reserve(fs, directory, options.reserveBytes, logger);
    this.conditions = new Conditions(clock);
    this.core = {
      options,
      submitter: toSubmitter(options.submitter),
      index: new ItemIndex({
        drain: options.drain,
        monotonic: () => clock.monotonic(),
        onChange: () => this.#changed(),
      }),
      folder: new ItemFolder(directory, fs, logger, this.#reserve),
      gate: this.#createGate(options, notify),
      budget: new RetryBudget(options.retry.budgetPerMinute, clock),
      space: new DiskSpaceMonitor({
        ...options,
        path: directory,
        maxAgeMs: 0,
        onLow: event => this.#diskChanged(() => notify('diskLow', event)),
        onRecovered: event => {
          // Not with the last bytes: what has just become free is for reports.
          if (event.freeBytes > event.thresholdBytes + 2 * options.reserveBytes) void this.#reserve.create();
          this.#diskChanged(() => notify('diskRecovered', event));
        },
      }),
      counters: zeroes(),
      latency: new Latency(clock),
      abort: new AbortController(),
      notify,
      assertFolder: () => {
        if (this.loaded) return;
        throw new ServiceError('FOLDER_MISSING', this.offlineReason ?? 'The pending folder is not open yet');
      },
      folderIsGone: () => this.session.isGone(),
    };
    // Every request on its way listens to it; that is no leak, and Node would warn of one.
    setMaxListeners(0, this.core.abort.signal);
    this.room = new Room(this.core);
    this.intake = new Intake(this.core, this.room);
    this.settlement = new Settlement(this.core, () => this.#progressed());
    this.sender = new Sender(this.core, this.settlement, () => this.#changed());
    this.dropped = new DroppedFiles(this.core, this.sender.desk, () => this.sender.pump());
    this.session = new FolderSession({
      directory,
      fs,
      clock,
      logger,
      retryMs: options.probeIntervalMs,
      onLocked: () => this.sender.finished(),
      onOpen: (found, durationMs) => this.#opened(found, durationMs),
      onUnreachable: error => this.#unreachable(error),
    });
  }

  /** Why the queue cannot send, or `undefined`. */
  get offlineReason(): string | undefined {
    return this.#folderError?.message ?? this.core.gate.offlineReason;
  }

  /** Whether the folder is in reach and was read: only then what the index does not hold is not there. */
  get loaded(): boolean {
    return this.session.isOpen && this.#known;
  }

  /** Reports that are not at their end: waiting, on their way, or not settled. `Infinity` until the folder was read. */
  get open(): number {
    if (!this.#known) return Number.POSITIVE_INFINITY;
    return this.core.index.size + this.settlement.backlog;
  }

  /** Resolves when what is on its way has come to its end, and was settled: settled later, it would be sent again. */
  async finished(): Promise<void> {
    await Promise.all([this.sender.finished(), this.intake.finished()]);
    await this.settlement.finished();
  }

  /** Gives the lock back when nothing is at work in the folder, however late that is: files may be put back until then. */
  async leave(): Promise<void> {
    await Promise.all([this.sender.finished(), this.intake.finished(), this.dropped.stop(), this.#background]);
    await this.session.stop();
  }

  /** Tells the difference to what was told before. */
  checkReach(): void {
    const { notify, options } = this.core;
    const reason = this.offlineReason;
    if (reason !== undefined && this.#offlineSince === undefined) {
      this.#offlineSince = options.clock.monotonic();
      notify('offline', { reason, ...(this.#folderError ? { error: this.#folderError } : {}) });
    } else if (reason === undefined && this.#offlineSince !== undefined) {
      const afterMs = options.clock.monotonic() - this.#offlineSince;
      this.#offlineSince = undefined;
      notify('online', { afterMs });
    }
  }

  #createGate(options: ResolvedOptions, notify: Core['notify']): Gate {
    const { clock, random, concurrency, probeIntervalMs, breaker } = options;
    return new Gate({
      clock,
      random,
      concurrency,
      probeIntervalMs,
      ...breaker,
      probe: () => this.sender.probe(),
      probeInMs: () => this.sender.probeInMs,
      onOpen: error => {
        this.#openedAt = clock.monotonic();
        notify('breakerOpened', { error, resetTimeoutMs: breaker.resetTimeoutMs });
        this.checkReach();
      },
      onHalfOpen: () => notify('breakerHalfOpen', { afterMs: clock.monotonic() - this.#openedAt }),
      onClose: () => notify('breakerClosed', { afterMs: clock.monotonic() - this.#openedAt }),
      onUnauthorized: error => {
        notify('error', { error });
        this.checkReach();
      },
      onChange: () => this.#progressed(),
    });
  }

  async #opened({ items, takenBack }: Recovered, durationMs: number): Promise<void> {
    const { index, gate, notify, folder } = this.core;
    // From here until all is read nothing is taken: it would be mistaken for what the books had before.
    this.#known = false;
    const before = [...index.all()];
    index.clear();
    for (const [position, item] of items.entries()) {
      if (position % SLICE === SLICE - 1) await breathe();
      this.settlement.rebind(item);
      this.intake.follow(item.enqueuedAt);
      index.add(item);
    }
    // Written while the folder was listed.
    for (const item of before) if (!index.get(item.id) && (await folder.exists(item.name))) index.add(item);
    if (this.closing) return;
    this.#known = true;
    this.#folderError = undefined;
    const { queued, error, completed } = index.counts;
    notify('recovered', { queued, takenBack, failed: error, unsettled: completed, durationMs });
    this.#background = Promise.all([this.#background, this.#measure(), this.#reserve.create()]);
    this.settlement.start();
    this.dropped.start(() => this.session.isOpen);
    if (!this.paused) {
      this.sender.start();
      gate.open(queued > 0);
    }
    this.checkReach();
    this.#changed();
  }

  #unreachable(error: Error): void {
    this.#folderError = error;
    this.sender.stop();
    this.core.gate.shut();
    this.core.notify('error', { error, path: this.core.folder.directory });
    this.checkReach();
    this.conditions.check();
  }

  /** Sizes are not in the names; they are read when the queue works already. */
  async #measure(): Promise<void> {
    const { index, folder, options, abort } = this.core;
    for (const item of index.all()) {
      if (abort.signal.aborted || !this.session.isOpen) return;
      if (item.bytes !== -1) continue;
      try {
        index.sized(item, (await options.fs.stat(folder.path(item.name))).size);
      } catch (error) {
        // It was renamed meanwhile, and its size is learned when it is read.
        options.logger.debug({ file: item.name, code: systemCode(error) }, 'The size of a report could not be read');
      }
    }
    this.#changed();
  }

  #diskChanged(tell: () => void): void {
    tell();
    this.room.check();
  }

  #progressed(): void {
    this.checkReach();
    this.sender.pump();
    this.#changed();
  }

  #changed(): void {
    if (this.#known) {
      this.room.check();
      const open = this.open;
      if (this.#busy && open === 0) this.core.notify('idle', { delivered: this.core.counters.delivered });
      this.#busy = open > 0;
    }
    this.conditions.check();
  }
}

/** Replays on demand: converts archived sources again, sends the new reports where that is wanted, and compares versions. */
import { hostname } from 'node:os';
import { type Clock, systemClock } from '../../clock.js';
import { contentSource } from '../../converters/content-source.js';
import type { ConverterBase } from '../../converters/converter-base.js';
import type { AnyConverter } from '../../converters/run-conversion.js';
import { ArchiveError, ConfigError, toError } from '../../errors.js';
import { SafeEmitter } from '../../observe/emitter.js';
import { hostLogger } from '../../observe/host-logger.js';
import { LateLogger } from '../../observe/late-logger.js';
import type { Logger } from '../../observe/logger.js';
import { hidePatterns } from '../../observe/secrets.js';
import type { ArchiveStorage } from '../archive-storage.js';
import { internalsOf } from '../internals.js';
import type { ArchiveEntry } from '../types.js';
import { compareRange } from './compare-range.js';
import { ConverterShelf } from './converter-shelf.js';
import type { LiveWork } from './pacer.js';
import { ReplayBooks } from './replay-books.js';
import { type OpenedSource, type ReplayContext, type ReplayOutbox, replay, toolFor } from './replay-job.js';
import { assertOutbox, type RangeSource, replayRange } from './replay-range.js';
import { type ReprocessingEvents, type Tell, tellReplayed } from './reprocessing-events.js';
import { REPROCESSING_LINES } from './reprocessing-lines.js';
import type {
  ReplayCompareOptions,
  ReplayComparison,
  ReplayEstimate,
  ReplayedSource,
  ReplayPace,
  ReplayRange,
  ReplayRangeOptions,
  ReplayResult,
  ReplaySingleOptions,
} from './types.js';

/** Options of a {@link ReprocessingEngine}. */
export interface ReprocessingOptions {
  archive: ArchiveStorage;
  /**
   * The converters, any number of versions of each. The newest version of a name is the current one. They run on the thread of
   * whoever calls: modules for workers (`isolation`) are refused.
   */
  // biome-ignore lint/suspicious/noExplicitAny: converters of every report and argument type are taken.
  converters: readonly ConverterBase<any, any>[];
  /** Where reports go with `submit`: a `PendingQueue` that is started. */
  pending?: ReplayOutbox;
  /** Whoever has work that must not wait for a replay: an `AsyncConverterPool`. */
  live?: LiveWork;
  /** Arguments over those of a converter, by its name: what the pool's configuration has as `arguments`. */
  arguments?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** How long one conversion may take, in ms. Default 300,000. */
  timeoutMs?: number;
  /** Confidence of `validate()` below which a source is rejected, 0 to 1. Default 0.2. */
  rejectThreshold?: number;
  /** The station's name for converters. Default: the host name. */
  stationName?: string;
  /** Default: silent. */
  logger?: Logger;
  /** Default: the machine's. */
  clock?: Clock;
}

/**
 * Converts archived sources again. By default nothing is sent: `submit: true` sends the new reports through the pending
 * queue, under keys that say which reports they take the place of, and why. See the reprocessing guide.
 */
export class ReprocessingEngine extends SafeEmitter<ReprocessingEvents> {
  readonly #archive: ArchiveStorage;
  readonly #live: LiveWork | undefined;
  readonly #context: ReplayContext;
  readonly #ready = new Map<AnyConverter, Promise<void>>();
  readonly #tell: Tell = (event, payload) => this.notify(event, payload);

  /** @throws ConfigError naming every problem of the options at once. */
  constructor(options: ReprocessingOptions) {
    const clock = options.clock ?? systemClock;
    const logger = options.logger ? hostLogger(options.logger, clock, hidePatterns) : new LateLogger();
    super(logger, { subject: 'reprocessing', lines: REPROCESSING_LINES });
    if (!Array.isArray(options.converters))
      throw new ConfigError([{ path: 'converters', message: 'must be a list of converters' }]);
    this.#archive = options.archive;
    this.#live = options.live;
    this.#context = {
      shelf: new ConverterShelf(options.converters),
      clock,
      logger: this.logger,
      stationName: options.stationName ?? hostname(),
      timeoutMs: options.timeoutMs ?? 300_000,
      rejectThreshold: options.rejectThreshold ?? 0.2,
      arguments: options.arguments ?? {},
      outbox: options.pending,
      open: entry => this.#open(entry),
      ready: converter => this.#initialize(converter),
    };
  }

  /**
   * Converts one source again. That a conversion fails is in the result, and no error of this method.
   * @throws ArchiveError `ARCHIVE_UNKNOWN`; ConverterConfigError when the version is not there.
   */
  async reprocessSingle(archiveId: string, options: ReplaySingleOptions = {}): Promise<ReplayedSource> {
    assertOutbox(this.#context, options);
    const entry = await this.#archive.get(archiveId);
    if (!entry) throw new ArchiveError('ARCHIVE_UNKNOWN', `There is no archived source '${archiveId}'`);
    const tool = toolFor(this.#context, entry, options);
    const signal = options.signal ?? new AbortController().signal;
    const replayed = await replay(this.#context, entry, tool, options, signal);
    const { status, version, submitted } = replayed;
    const details = { status, version, submitted, reason: options.reason ?? null };
    await (await this.#books()).record(archiveId, details);
    tellReplayed(this.#tell, entry.converterName, replayed);
    return replayed;
  }

  /**
   * Converts the sources of a range again, the oldest first. What fails is in `errors`, what is purged in `purged`, and
   * neither stops the others.
   * @throws ConverterConfigError, before anything starts, when a version that is asked for is not there; ConfigError.
   */
  async reprocessRange(options: ReplayRangeOptions): Promise<ReplayResult> {
    return replayRange(this.#context, await this.#range(), options, this.#tell);
  }

  /** How long {@link reprocessRange} will take, by the durations that were recorded. */
  async estimate(range: ReplayRange & Pick<ReplayPace, 'concurrency' | 'maxPerSecond'>): Promise<ReplayEstimate> {
    const { concurrency = 1, maxPerSecond = Number.POSITIVE_INFINITY } = range;
    const { entries, measured, totalMs } = await (await this.#books()).durations(range);
    const averageMs = measured === 0 ? 0 : totalMs / measured;
    const durationMs = Math.max((entries * averageMs) / concurrency, (entries * 1_000) / maxPerSecond);
    return { entries, measured, averageMs, durationMs };
  }

  /**
   * Converts the sources of a range again and says what is different in the reports, by entry and summed up. Nothing is
   * sent or changed.
   * @throws as {@link reprocessRange}.
   */
  async compare(options: ReplayCompareOptions): Promise<ReplayComparison> {
    const archivedReports = async ({ archiveId, reports }: ArchiveEntry): Promise<unknown[]> => {
      const all = [];
      for (let position = 0; position < reports; position++)
        all.push(await this.#archive.readReport(archiveId, { position }));
      return all;
    };
    return compareRange(this.#context, await this.#range(), archivedReports, options, this.#tell);
  }

  /** Lets go of the converters that it initialised. Safe to call twice. */
  async close(): Promise<void> {
    const initialised = [...this.#ready.keys()];
    this.#ready.clear();
    for (const converter of initialised) {
      try {
        await converter.dispose?.();
      } catch (thrown) {
        this.#context.logger.warn({ converter: converter.name, err: toError(thrown) }, 'dispose of a converter failed');
      }
    }
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #range(): Promise<RangeSource> {
    return {
      books: await this.#books(),
      live: this.#live,
      query: query => this.#archive.query(query),
      count: filter => this.#archive.count(filter),
    };
  }

  async #books(): Promise<ReplayBooks> {
    return new ReplayBooks((await internalsOf(this.#archive)).context.catalog);
  }

  /** From here until it is released, no purge takes it. */
  async #open({ archiveId }: ArchiveEntry): Promise<OpenedSource | undefined> {
    const release = await (await internalsOf(this.#archive)).keeping.lease(archiveId);
    try {
      const entry = await this.#archive.get(archiveId);
      if (entry && entry.purgedAt === null) {
        const { sourcePath, members, size, modifiedAt, sha256 } = entry;
        const kept = { path: sourcePath, size, modifiedAt, sha256, several: members !== null };
        return { source: contentSource(kept, await this.#archive.openFiles(archiveId)), release };
      }
    } catch (thrown) {
      release();
      throw thrown;
    }
    release();
    return undefined;
  }

  #initialize(converter: AnyConverter): Promise<void> {
    let ready = this.#ready.get(converter);
    if (!ready) {
      ready = (async () => converter.initialize?.())();
      // The next replay tries again.
      ready.catch(() => this.#ready.delete(converter));
      this.#ready.set(converter, ready);
    }
    return ready;
  }
}

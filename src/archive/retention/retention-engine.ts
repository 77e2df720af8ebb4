/** Forgets on purpose: purges archived sources by age, by size and for free space, and never one that is not delivered. */
import pLimit from 'p-limit';
import { type Clock, systemClock, type Timer } from '../../clock.js';
import { toError } from '../../errors.js';
import { SafeEmitter } from '../../observe/emitter.js';
import { hostLogger } from '../../observe/host-logger.js';
import { LateLogger } from '../../observe/late-logger.js';
import { hidePatterns } from '../../observe/secrets.js';
import { checkOptions } from './check-options.js';
import { type Forecast, forecast } from './forecast.js';
import { changeHolds, type HoldTarget } from './holds.js';
import { type CompleteOptions, doubtOf, type Opened, open, trust } from './opened.js';
import { type CompletePolicy, checkAgainstDisk, completePolicy, type RetentionPolicy } from './policy.js';
import { policiesWith } from './policy-book.js';
import { collect, sumUp } from './preview.js';
import { purgeByHand, rowsOf } from './purge-by-hand.js';
import { RETENTION_LINES } from './retention-lines.js';
import { carryOut, look, type RunOrder } from './retention-run.js';
import { Statistics } from './statistics.js';
import type {
  PurgeHistoryEntry,
  PurgePreview,
  PurgeStatistics,
  RetentionEvents,
  RetentionOptions,
  SavingsEstimate,
} from './types.js';

const HOUR_MS = 3_600_000;
const DEFAULTS = { gracePeriodMs: 24 * HOUR_MS, maxPerSecond: 5_000, chunkSize: 500, reserveBytes: 1024 * 1024 };

/**
 * Purges by policies. Works alone, or in a pool that starts and stops it. One engine an archive.
 *
 * An entry is purged in two phases: first it is a tombstone, from which `undelete()` brings it back, and when the grace
 * period is over its content is removed. See the retention guide.
 */
export class RetentionEngine extends SafeEmitter<RetentionEvents> {
  readonly #options: CompleteOptions;
  readonly #given: readonly CompletePolicy[];
  /** One run at a time. */
  readonly #turn = pLimit(1);
  #clock: Clock;
  #opening: Promise<Opened> | undefined;
  #timer: Timer | undefined;
  #abort: AbortController | undefined;
  #running: Promise<void> | undefined;
  #trouble: string | undefined;

  /** @throws ConfigError naming every problem of the options and policies at once. */
  constructor(options: RetentionOptions) {
    const logger = options.logger
      ? hostLogger(options.logger, options.clock ?? systemClock, hidePatterns)
      : new LateLogger();
    super(logger, { subject: 'retention', lines: RETENTION_LINES });
    this.#options = { ...DEFAULTS, ...options };
    this.#given = checkOptions(this.#options);
    this.#clock = options.clock ?? systemClock;
  }

  /** Why policies are not carried out as they stand: the last run failed, or rules of age pause. Nothing when all is well. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /**
   * Sets the policy of a converter, or of all others with `*`. Fields that are not given have their defaults.
   * @throws ConfigError when it is empty, contradicts itself, or would purge everything without saying so twice.
   */
  async setPolicy(policy: RetentionPolicy): Promise<void> {
    const complete = completePolicy(policy);
    const { policies, internals, run } = await this.#open();
    const { blocks, bsize } = await internals.context.fs.statfs(run.directory);
    checkAgainstDisk(complete, blocks * bsize);
    await policies.set(complete);
  }

  /** The policy that holds for a converter: its own, the one of `*`, or the built-in one. */
  async getPolicy(converterName: string): Promise<CompletePolicy> {
    return (await this.#open()).policies.of(converterName);
  }

  /** Every policy that was set. */
  async listPolicies(): Promise<CompletePolicy[]> {
    return (await this.#open()).policies.list();
  }

  /** The converter falls back to the policy of `*`. @returns Whether it had one of its own. */
  async removePolicy(converterName: string): Promise<boolean> {
    return (await this.#open()).policies.remove(converterName);
  }

  /**
   * Every entry that would be purged now, and the rule: found as `enforce()` finds it, and nothing is changed.
   * @param policy One to be tried, in the place of what is set for its converter. Default: all that is set.
   */
  async preview(policy?: RetentionPolicy, options: { signal?: AbortSignal } = {}): Promise<PurgePreview> {
    const { doubt, steps } = await this.#look(policy, options.signal);
    const preview = { ...(await collect(steps)), agePaused: doubt };
    this.notify('previewed', { entries: preview.entries.length, bytes: preview.bytes });
    return preview;
  }

  /** How much a purge would free now. As {@link preview}, in constant memory. */
  async estimateSavings(policy?: RetentionPolicy, options: { signal?: AbortSignal } = {}): Promise<SavingsEstimate> {
    return sumUp((await this.#look(policy, options.signal)).steps);
  }

  /**
   * What the policies come to if intake goes on as in the last days: how many days are kept, and when the disk is full.
   * @param options How many days it looks back; 30 by default.
   */
  async forecast({ days = 30 }: { days?: number } = {}): Promise<Forecast> {
    const { run, policies, clock } = await this.#open();
    const now = clock.now();
    const intake = new Map((await run.catalog.intake(now, days)).map(one => [one.converterName, one]));
    const inputs = (await run.catalog.totals()).map(({ converterName, bytes }) => ({
      policy: policies.of(converterName),
      intake: intake.get(converterName),
      bytes,
    }));
    const { bavail, bsize } = await run.fs.statfs(run.directory);
    return forecast(inputs, bavail * bsize, now);
  }

  /**
   * Purges what the rules want gone: first by age, then by size, oldest first, then by free space.
   * @param policy One for this run alone, in the place of what is set for its converter. Default: all that is set.
   * @param options.signal Ends the run between two steps; the result says how far it came.
   * @throws ConfigError for a policy that is refused; DiskSpaceError, StoreError when a purge cannot be written down.
   */
  enforce(policy?: RetentionPolicy, options: { signal?: AbortSignal } = {}): Promise<PurgeStatistics> {
    const given = policy && completePolicy(policy);
    return this.#run(options.signal, async (opened, order) => {
      await carryOut(opened.run, { ...order, policyOf: policiesWith(opened.policies, given) });
    });
  }

  /**
   * Purges these entries, where `mayPurge` allows it; the others are `skipped`. What failed and is younger than its policy
   * keeps entries stays, too.
   * @param options.why Stands in the audit log.
   * @throws ArchiveError `ARCHIVE_UNKNOWN` when one is not in the archive: nothing is purged then.
   */
  async purge(archiveIds: readonly string[], options: { why?: string } = {}): Promise<PurgeStatistics> {
    const rows = await rowsOf(await this.#open(), archiveIds);
    return this.#run(undefined, (opened, order) => purgeByHand(opened, order, rows, options.why ?? null));
  }

  /** Brings purged entries back whose content is still there. @returns The ids of those that are back. */
  async undelete(archiveIds: readonly string[]): Promise<string[]> {
    const { internals, run } = await this.#open();
    const rows = await Promise.all(archiveIds.map(id => internals.context.catalog.rowOf(id)));
    return run.purger.undelete(rows.filter(row => row !== undefined));
  }

  /**
   * Lays a legal hold on entries: nothing purges them until {@link releaseHold}. What comes later is not held.
   * @returns How many were not held before.
   */
  async hold(target: HoldTarget, reason: string): Promise<number> {
    return changeHolds(await this.#open(), target, reason, 'hold');
  }

  /** Ends {@link hold}. @returns How many were held. */
  async releaseHold(target: HoldTarget, reason: string): Promise<number> {
    return changeHolds(await this.#open(), target, reason, 'release');
  }

  /** The newest purges first, a line for each rule of each run; `before` is the `id` of the last one of the page before. */
  async history({ limit = 100, before }: { limit?: number; before?: number } = {}): Promise<PurgeHistoryEntry[]> {
    const { internals } = await this.#open();
    return (await internals.keeping.purgeHistory(limit, before)) as PurgeHistoryEntry[];
  }

  /** Somebody has looked: the clock is right, and entries that lie in the future are known. Age rules go on at once. */
  async trustClock(): Promise<void> {
    await trust(await this.#open());
    this.#trouble = undefined;
  }

  /**
   * Runs by itself: now, and from then on `intervalMs` after each run (default one hour). The process is not kept alive
   * for it. What a run throws is told as `failed`, or as `error` where nobody listens to that.
   */
  start({ intervalMs = HOUR_MS }: { intervalMs?: number } = {}): void {
    if (this.#abort) return;
    const abort = new AbortController();
    this.#abort = abort;
    const run = async (): Promise<void> => {
      this.#timer = undefined;
      try {
        await this.enforce(undefined, { signal: abort.signal });
      } catch (thrown) {
        const error = toError(thrown);
        this.#trouble = `the last run failed: ${error.message}`;
        this.notify(this.listenerCount('failed') > 0 ? 'failed' : 'error', { error });
      }
      if (abort.signal.aborted) return;
      this.#timer = this.#clock.setTimeout(again, intervalMs);
      this.#timer.unref();
    };
    const again = (): void => {
      this.#running = run();
    };
    again();
  }

  /** Ends what {@link start} began, at the next step of a run. Safe to call twice. */
  async stop(): Promise<void> {
    this.#abort?.abort();
    await this.#running;
    if (this.#timer) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#abort = undefined;
  }

  /** {@link stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #look(policy: RetentionPolicy | undefined, signal: AbortSignal | undefined) {
    const given = policy && completePolicy(policy);
    const opened = await this.#open();
    const doubt = await doubtOf(opened);
    const statistics = new Statistics(() => undefined);
    const policyOf = policiesWith(opened.policies, given);
    return { doubt, steps: look(opened.run, { policyOf, doubt, signal, statistics }) };
  }

  #run(
    signal: AbortSignal | undefined,
    work: (opened: Opened, order: Omit<RunOrder, 'policyOf'>) => Promise<void>,
  ): Promise<PurgeStatistics> {
    return this.#turn(async () => {
      const opened = await this.#open();
      const startedAt = this.#clock.monotonic();
      const doubt = await doubtOf(opened);
      if (doubt !== undefined) this.notify('agePaused', { message: doubt });
      this.#trouble = doubt === undefined ? undefined : `rules of age pause: ${doubt}`;
      const statistics = new Statistics((event, payload) => this.notify(event, payload));
      await work(opened, { doubt, signal, statistics });
      // There is room again for what was given up.
      await opened.reserve.create();
      return statistics.end({
        bytesPending: (await opened.run.catalog.graveTotals()).bytes,
        agePaused: doubt,
        complete: !signal?.aborted,
        durationMs: this.#clock.monotonic() - startedAt,
      });
    });
  }

  async #open(): Promise<Opened> {
    this.#opening ??= open(this.#options, this.#given, this.logger).catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    const opened = await this.#opening;
    this.#clock = opened.clock;
    return opened;
  }
}

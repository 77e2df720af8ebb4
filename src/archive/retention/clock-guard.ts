/**
 * Whether the station's clock can be trusted with a decision that cannot be taken back. Stations have wrong clocks; an
 * age rule that believes a year 2036 would purge everything. While there is doubt, rules that look at the time pause.
 */
import type { Clock } from '../../clock.js';

/** What is kept between runs and over restarts. */
export interface ClockMemory {
  /** The wall clock when it was last found in order, in epoch ms. */
  trustedAt: number;
  /** The wall clock at the last look, in epoch ms. */
  seenAt?: number;
  /** Why it is in doubt, and how long it has run steadily since, in ms. */
  doubt?: { reason: string; steadyMs: number };
  /** Entries dated up to here were known to lie in the future when somebody said that the clock is right. */
  futureAccepted?: number;
}

/** When the clock is doubted. */
export interface ClockGuardOptions {
  /** How far wall clock and monotonic clock may part between two looks, and how far in the future an entry may lie, in ms. Default 1 hour. */
  maxJumpMs?: number;
  /** How long the time between two runs of the process may be before it is doubted, in ms. Default 14 days. */
  maxAbsenceMs?: number;
  /** After how long of steady running a clock that jumped is believed, in ms. Default 24 hours. */
  settleMs?: number;
}

const HOUR_MS = 3_600_000;
/** Time between two processes, which nobody watched, counts as steady for this part of `settleMs` at most. */
const UNWATCHED = 1 / 4;

/** Compares the wall clock with everything that it can be compared with. */
export class ClockGuard {
  readonly #clock: Clock;
  readonly #options: Required<ClockGuardOptions>;
  #memory: ClockMemory | undefined;
  /** Both clocks at the last look, and at the last look without doubt. */
  #last: Moment | undefined;
  #trusted: Moment | undefined;

  constructor(clock: Clock, options: ClockGuardOptions = {}) {
    this.#clock = clock;
    this.#options = { maxJumpMs: HOUR_MS, maxAbsenceMs: 14 * 24 * HOUR_MS, settleMs: 24 * HOUR_MS, ...options };
  }

  /** What must be kept for the next start. */
  get memory(): ClockMemory | undefined {
    return this.#memory;
  }

  /** Takes up what was kept; the time since then was not watched. */
  recall(memory: ClockMemory): void {
    this.#memory ??= memory;
  }

  /**
   * Looks at the clock. Call it before each decision.
   * @param newest When the newest entry was received, in epoch ms, where there is one.
   * @returns Why the clock is in doubt, in words; nothing when it can be trusted.
   */
  check(newest: number | undefined): string | undefined {
    const moment = this.#moment();
    const now = moment.wall;
    const memory = this.#memory ?? { trustedAt: now };
    const { trustedAt, futureAccepted } = memory;
    const doubt = this.#doubt(moment, memory);
    this.#last = moment;
    if (!doubt) this.#trusted = moment;
    const future = this.#future(now, newest, futureAccepted);
    const trusted = doubt === undefined && future === undefined;
    this.#memory = {
      trustedAt: trusted ? now : trustedAt,
      seenAt: now,
      ...(doubt ? { doubt } : {}),
      ...(futureAccepted === undefined ? {} : { futureAccepted }),
    };
    return future ?? doubt?.reason;
  }

  /** Somebody has looked: the clock is right, and entries in the future are known. @param newest As in {@link check}. */
  trust(newest: number | undefined): void {
    const moment = this.#moment();
    this.#last = moment;
    this.#trusted = moment;
    const future = newest !== undefined && newest > moment.wall;
    this.#memory = { trustedAt: moment.wall, seenAt: moment.wall, ...(future ? { futureAccepted: newest } : {}) };
  }

  #moment(): Moment {
    return { wall: this.#clock.now(), monotonic: this.#clock.monotonic() };
  }

  #doubt(moment: Moment, { trustedAt, seenAt = trustedAt, doubt: before }: ClockMemory): ClockMemory['doubt'] {
    const now = moment.wall;
    const { maxJumpMs, maxAbsenceMs, settleMs } = this.#options;
    const jumped = this.#last ? drift(this.#last, moment) : 0;
    if (Math.abs(jumped) > maxJumpMs) {
      // Back to where it should be: somebody has mended it.
      if (this.#trusted && Math.abs(drift(this.#trusted, moment)) <= maxJumpMs) return undefined;
      const hours = Math.round(Math.abs(jumped) / HOUR_MS);
      return {
        steadyMs: 0,
        reason: `the clock jumped ${jumped > 0 ? 'forward' : 'back'} by ${hours} h to ${iso(now)}`,
      };
    }
    if (before) {
      const unwatched = Math.min(Math.max(now - seenAt, 0), settleMs * UNWATCHED);
      const steadyMs = before.steadyMs + (this.#last ? moment.monotonic - this.#last.monotonic : unwatched);
      // What has gone on steadily for so long is the time.
      return steadyMs >= settleMs ? undefined : { ...before, steadyMs };
    }
    if (this.#last) return undefined;
    // The first look of this process: nobody has watched the clock since the last one.
    const absence = now - trustedAt;
    if (absence < -maxJumpMs)
      return { steadyMs: 0, reason: `the clock went back: it was ${iso(trustedAt)} and is now ${iso(now)}` };
    if (absence <= maxAbsenceMs) return undefined;
    const reason = `the clock was last seen at ${iso(trustedAt)} and is now ${iso(now)}: it may have jumped meanwhile`;
    return { steadyMs: 0, reason };
  }

  #future(now: number, newest: number | undefined, accepted: number | undefined): string | undefined {
    if (newest === undefined || newest <= now + this.#options.maxJumpMs) return undefined;
    if (accepted !== undefined && newest <= accepted) return undefined;
    return `entries lie in the future: the newest is dated ${iso(newest)} and it is ${iso(now)}`;
  }
}

/** Both clocks at once. */
interface Moment {
  wall: number;
  monotonic: number;
}

/** How much further the wall clock went than the monotonic one. */
function drift(from: Moment, to: Moment): number {
  return to.wall - from.wall - (to.monotonic - from.monotonic);
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

/** Holds a replay back: to its own rate, and behind live work. */
import { type Clock, sleep } from '../../clock.js';

/** Whoever has work that must not wait for a replay, such as an `AsyncConverterPool`. */
export interface LiveWork {
  /** There is work to do now. */
  readonly busy: boolean;
}

/** How often live work is looked at, in ms. */
const LOOK_MS = 20;
/** After so long one source is let through all the same, in ms: a station that is never idle must not starve a replay. */
const MAX_WAIT_MS = 1_000;

export class Pacer {
  readonly #clock: Clock;
  readonly #live: LiveWork | undefined;
  readonly #intervalMs: number;
  #nextAt = Number.NEGATIVE_INFINITY;

  /** @param maxPerSecond How many turns in a second, at most. */
  constructor(clock: Clock, live: LiveWork | undefined, maxPerSecond = Number.POSITIVE_INFINITY) {
    this.#clock = clock;
    this.#live = live;
    this.#intervalMs = 1_000 / maxPerSecond;
  }

  /** Resolves when the next turn may begin, or the signal aborts. */
  async turn(signal?: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    const at = Math.max(now, this.#nextAt);
    this.#nextAt = at + this.#intervalMs;
    if (at > now) await sleep(this.#clock, at - now, signal);
    const until = this.#clock.monotonic() + MAX_WAIT_MS;
    while (this.#live?.busy && !signal?.aborted && this.#clock.monotonic() < until)
      await sleep(this.#clock, LOOK_MS, signal);
    // Conversions that never wait for anything must not keep the host from its events.
    await new Promise(resolve => setImmediate(resolve));
  }
}

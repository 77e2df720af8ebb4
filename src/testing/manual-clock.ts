/** A clock that stands still until it is turned. */
import type { Clock, Timer } from '../clock.js';

interface Pending extends Timer {
  dueAt: number;
  callback: () => void;
}

/** A {@link Clock} for tests: `advance` moves both times and runs the timers that fall due, in their order. */
export class ManualClock implements Clock {
  #now: number;
  #monotonic = 0;
  readonly #timers = new Set<Pending>();

  /** @param now Wall-clock time at the start, in epoch ms. Default: 2026-01-01T00:00:00Z. */
  constructor(now: number | Date = Date.UTC(2026, 0, 1)) {
    this.#now = Number(now);
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** How many timers wait. */
  get timers(): number {
    return this.#timers.size;
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    const timer: Pending = { dueAt: this.#monotonic + delayMs, callback, unref: () => timer };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(timer: Timer): void {
    this.#timers.delete(timer as Pending);
  }

  /** Sets the wall clock alone, as an administrator or a time server does. Timers do not notice. */
  jump(now: number | Date): void {
    this.#now = Number(now);
  }

  /** Moves time forward and runs what falls due; resolves when promises that this settled have had a turn. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    for (;;) {
      const due = [...this.#timers].filter(timer => timer.dueAt <= end).sort((a, b) => a.dueAt - b.dueAt)[0];
      if (!due) break;
      this.#timers.delete(due);
      this.#move(Math.max(0, due.dueAt - this.#monotonic));
      due.callback();
      await new Promise(setImmediate);
    }
    this.#move(end - this.#monotonic);
    await new Promise(setImmediate);
  }

  #move(ms: number): void {
    this.#now += ms;
    this.#monotonic += ms;
  }
}

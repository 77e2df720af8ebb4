/**
 * One budget of retries for all reports, so that a thousand failures do not become a thousand retries at once: within any
 * window of time no more start than are allowed. Nothing is saved up for later.
 */
import type { Clock } from '../clock.js';

/** The right to one retry. It counts from the moment at which the retry starts: reading a report may take long. */
export interface RetryPermit {
  /** The retry starts now. */
  use(): void;
  /** There will be no retry. Without effect after {@link use}. */
  giveBack(): void;
}

/** Drops what is out of the window once so much of it lies at the front. */
const COMPACT_AT = 1_024;

export class RetryBudget {
  readonly #clock: Clock;
  /** How many retries may start within a window. */
  readonly #perWindow: number;
  /** Length of a window: a second, or as much longer as makes the number a whole one. */
  readonly #windowMs: number;
  /** When retries started, oldest first; those before `#head` are out of the window. */
  #startedAt: number[] = [];
  #head = 0;
  #promised = 0;

  constructor(budgetPerMinute: number, clock: Clock) {
    this.#clock = clock;
    this.#perWindow = Math.ceil(budgetPerMinute / 60);
    this.#windowMs = Number.isFinite(budgetPerMinute) ? (this.#perWindow * 60_000) / budgetPerMinute : 0;
  }

  /** A retry may start now. */
  get available(): boolean {
    this.#forget();
    return this.#started + this.#promised < this.#perWindow;
  }

  /** Ms until a retry may start, as far as that can be known while others have not started yet. */
  get nextInMs(): number {
    if (this.available) return 0;
    const oldest = this.#startedAt[this.#head];
    return oldest === undefined ? this.#windowMs : Math.ceil(oldest + this.#windowMs - this.#clock.monotonic());
  }

  /** Promises a retry. To be called only while one is {@link available}. */
  take(): RetryPermit {
    this.#promised += 1;
    let open = true;
    const close = (): boolean => {
      if (!open) return false;
      open = false;
      this.#promised -= 1;
      return true;
    };
    return {
      use: () => {
        if (close()) this.#startedAt.push(this.#clock.monotonic());
      },
      giveBack: () => void close(),
    };
  }

  get #started(): number {
    return this.#startedAt.length - this.#head;
  }

  #forget(): void {
    const now = this.#clock.monotonic();
    let oldest = this.#startedAt[this.#head];
    while (oldest !== undefined && oldest + this.#windowMs <= now) {
      this.#head += 1;
      oldest = this.#startedAt[this.#head];
    }
    if (this.#head < COMPACT_AT || this.#head * 2 < this.#startedAt.length) return;
    this.#startedAt = this.#startedAt.slice(this.#head);
    this.#head = 0;
  }
}

/** When a failed report is tried again, and how many such retries there may be in all. */
import type { Clock } from '../clock.js';

/** How failed attempts are repeated. */
export interface RetryOptions {
  /** The longest wait after the first failure, in ms; it doubles with each failure. Default 1,000. */
  baseDelayMs?: number;
  /** The longest wait after any failure, in ms. Default 300,000 (5 minutes). */
  maxDelayMs?: number;
  /** How many retries of all reports together may start in a minute. Default 300. */
  budgetPerMinute?: number;
}

/** The wait before the next attempt: exponential with full jitter, and never shorter than the server asked for. */
export function retryDelayMs(
  attempts: number,
  { baseDelayMs, maxDelayMs }: Required<RetryOptions>,
  retryAfterMs: number | undefined,
  random: () => number,
): number {
  const ceiling = Math.min(maxDelayMs, baseDelayMs * 2 ** Math.min(attempts - 1, 52));
  return Math.max(Math.ceil(random() * ceiling), retryAfterMs ?? 0);
}

/**
 * One budget of retries for all reports: a token bucket that fills evenly and holds one second's worth, so that a
 * thousand failures do not become a thousand retries at once.
 */
export class RetryBudget {
  readonly #perMs: number;
  readonly #capacity: number;
  readonly #clock: Clock;
  #tokens: number;
  #filledAt: number;

  constructor(budgetPerMinute: number, clock: Clock) {
    this.#perMs = budgetPerMinute / 60_000;
    this.#capacity = Math.max(1, budgetPerMinute / 60);
    this.#clock = clock;
    this.#tokens = this.#capacity;
    this.#filledAt = clock.monotonic();
  }

  /** A retry may start now. */
  get available(): boolean {
    this.#fill();
    return this.#tokens >= 1;
  }

  /** Counts a retry. */
  take(): void {
    this.#fill();
    this.#tokens -= 1;
  }

  /** Ms until a retry may start. */
  get nextInMs(): number {
    this.#fill();
    return this.#tokens >= 1 ? 0 : Math.ceil((1 - this.#tokens) / this.#perMs);
  }

  #fill(): void {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#capacity, this.#tokens + (now - this.#filledAt) * this.#perMs);
    this.#filledAt = now;
  }
}

/** When a failed report is tried again. How many such retries there may be in all is the matter of `retry-budget.ts`. */

/** How failed attempts are repeated. */
export interface RetryOptions {
  /** The longest wait after the first failure, in ms; it doubles with each failure. Default 1,000. */
  baseDelayMs?: number;
  /** The longest wait after any failure, in ms. Default 300,000 (5 minutes). */
  maxDelayMs?: number;
  /**
   * How many retries of all reports together may start in a minute; in any one second never more than a sixtieth of it
   * (rounded up). Default 300.
   */
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

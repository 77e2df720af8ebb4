/** How often a folder is listed: seldom while events tell everything, sooner while they do not. */

/** No sooner than this, in ms, unless the user's own interval is shorter. */
const SHORTEST_MS = 1_000;
/** A listing is followed by a pause of at least so many times what it took. */
const PAUSE_PER_SCAN = 4;

/** The pace of one folder. */
export class RescanPace {
  readonly #longestMs: number;
  #intervalMs: number;
  #lastScanMs = 0;

  /** @param longestMs The user's own interval. */
  constructor(longestMs: number) {
    this.#longestMs = longestMs;
    this.#intervalMs = longestMs;
  }

  /** The pause until the next listing, in ms. */
  get nextMs(): number {
    return Math.max(this.#intervalMs, this.#lastScanMs * PAUSE_PER_SCAN);
  }

  /** A listing has ended. @param missed How many files it found that no event had told of. */
  scanned(missed: number, durationMs: number): void {
    this.#lastScanMs = durationMs;
    const next = missed > 0 ? this.#intervalMs / 4 : this.#intervalMs * 2;
    this.#intervalMs = Math.min(this.#longestMs, Math.max(SHORTEST_MS, next));
  }
}

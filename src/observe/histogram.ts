/** Durations counted in buckets, as Prometheus reads them. */

/** A histogram as it stands now. */
export interface HistogramSnapshot {
  /** How many values were at most `le` seconds, ascending; those above the last are in `count` alone. */
  buckets: readonly { le: number; count: number }[];
  count: number;
  /** Of all values, in seconds. */
  sum: number;
}

/** From a small file on a quick machine to a conversion that runs into its timeout, in seconds. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Counts durations. Its size and the cost of a value never change. */
export class Histogram {
  readonly #counts = new Array<number>(BOUNDS.length).fill(0);
  #count = 0;
  #sum = 0;

  record(durationMs: number): void {
    const seconds = durationMs / 1000;
    const bucket = BOUNDS.findIndex(bound => seconds <= bound);
    if (bucket >= 0) this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#sum += seconds;
  }

  snapshot(): HistogramSnapshot {
    let below = 0;
    const buckets = BOUNDS.map((le, index) => {
      below += this.#counts[index] ?? 0;
      return { le, count: below };
    });
    return { buckets, count: this.#count, sum: this.#sum };
  }
}

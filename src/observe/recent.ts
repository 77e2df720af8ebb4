/** The newest values of something, by number and age, in memory that does not grow: what health judges by. */
import type { Clock } from '../clock.js';

export class Recent {
  readonly #clock: Clock;
  readonly #maxAgeMs: number;
  readonly #size: number;
  readonly #values: { at: number; value: number }[] = [];
  #next = 0;

  /** Keeps the last `size` values, as long as they are no older than `maxAgeMs`. */
  constructor(clock: Clock, { size, maxAgeMs }: { size: number; maxAgeMs: number }) {
    this.#clock = clock;
    this.#size = size;
    this.#maxAgeMs = maxAgeMs;
  }

  add(value: number): void {
    this.#values[this.#next] = { at: this.#clock.monotonic(), value };
    this.#next = (this.#next + 1) % this.#size;
  }

  /** How many values there are and their mean, which is 0 where there are none. */
  summary(): { count: number; mean: number } {
    const since = this.#clock.monotonic() - this.#maxAgeMs;
    const values = this.#values.filter(({ at }) => at >= since);
    const sum = values.reduce((total, { value }) => total + value, 0);
    return { count: values.length, mean: values.length === 0 ? 0 : sum / values.length };
  }
}

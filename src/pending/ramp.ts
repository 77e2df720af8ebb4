/** How many reports may be sent at the same time: one more with every round that went well, half after trouble. */

export class Ramp {
  readonly #max: number;
  #limit: number;
  #halvedAt = Number.NEGATIVE_INFINITY;

  /** @param max The configured concurrency, which it never exceeds. */
  constructor(max: number) {
    this.#max = max;
    this.#limit = max;
  }

  /** How many may run now, at least 1. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** Starts from one, as after an outage or with a backlog. */
  restart(): void {
    this.#limit = 1;
  }

  succeeded(): void {
    // As many successes as run at the same time are one round.
    this.#limit = Math.min(this.#max, this.#limit + 1 / this.limit);
  }

  /** @param startedAt When the failed request began: those that ran together tell of the same trouble, which counts once. */
  failed(startedAt: number, now: number): void {
    if (startedAt < this.#halvedAt) return;
    this.#limit = Math.max(1, this.#limit / 2);
    this.#halvedAt = now;
  }
}

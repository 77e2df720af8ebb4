/** Waiting for something to become true that is looked at after every change, instead of every few moments. */
import type { Clock } from '../clock.js';

/** Longest delay that a timer takes, in ms. */
const FOR_EVER_MS = 2 ** 31 - 1;

export class Conditions {
  readonly #clock: Clock;
  readonly #waiting = new Map<() => boolean, { resolve: () => void; reject: (error: Error) => void }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be called after every change. */
  check(): void {
    for (const [condition, { resolve }] of this.#waiting) if (condition()) resolve();
  }

  /** Nothing will change any more: whoever waits is told so. */
  close(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
  }

  /** Resolves once `condition` holds; rejects with the signal's reason. Keeps the process alive meanwhile. */
  async until(condition: () => boolean, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (condition()) return;
    // The queue's own timers let the process end; whoever waits for it wants it to go on.
    const hold = this.#clock.setTimeout(() => undefined, FOR_EVER_MS);
    let giveUp = (): void => undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        giveUp = () => reject(signal?.reason);
        signal?.addEventListener('abort', giveUp, { once: true });
        this.#waiting.set(condition, { resolve, reject });
      });
    } finally {
      this.#waiting.delete(condition);
      signal?.removeEventListener('abort', giveUp);
      this.#clock.clearTimeout(hold);
    }
  }
}

/** Lets others have a turn while much is worked on. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Longer at a time would be noticed by whoever waits for the event loop. */
const SLICE_MS = 10;

/**
 * Slices long work: ask `due` after each piece of it, and await `next()` when it is.
 *
 * ```ts
 * for (const step of steps) {
 *   add(step);
 *   if (turns.due) await turns.next();
 * }
 * ```
 */
export class Turns {
  readonly #signal: AbortSignal | undefined;
  #begun = performance.now();

  /** @param signal Ends the work when it aborts. */
  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  get due(): boolean {
    return performance.now() - this.#begun >= SLICE_MS;
  }

  /** @throws The reason of the signal when it has aborted. */
  async next(): Promise<void> {
    await nextTurn();
    this.#signal?.throwIfAborted();
    this.#begun = performance.now();
  }
}

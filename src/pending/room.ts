/** Whether there is room for another report: limits of number, bytes and disk, and the pressure that follows from them. */
import { QueueFullError } from '../errors.js';
import type { Core } from './core.js';

/** Share of a limit above which producers are asked to stop. */
const HIGH_MARK = 0.9;
/** Share of a limit below which producers are asked to go on. */
const LOW_MARK = 0.7;

export class Room {
  readonly #core: Core;
  #promisedCount = 0;
  #promisedBytes = 0;
  #full = false;
  #high = false;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Producers should stop. */
  get high(): boolean {
    return this.#high;
  }

  /**
   * Keeps room for one report until the returned function is called.
   * @throws {QueueFullError} or {DiskSpaceError} when there is none.
   */
  async take(bytes: number): Promise<() => void> {
    const { index, options, space, notify } = this.#core;
    const size = index.size + this.#promisedCount;
    const all = index.bytes + this.#promisedBytes;
    if (size + 1 > options.maxSize || all + bytes > options.maxBytes) {
      if (!this.#full) notify('full', { size, bytes: all });
      this.#full = true;
      throw new QueueFullError(
        size + 1 > options.maxSize
          ? `${size} reports wait, and maxSize is ${options.maxSize}`
          : `${all} bytes wait, and maxBytes is ${options.maxBytes}: no room for ${bytes} more`,
      );
    }
    this.#promisedCount += 1;
    this.#promisedBytes += bytes;
    const giveBack = () => {
      this.#promisedCount -= 1;
      this.#promisedBytes -= bytes;
    };
    try {
      // With what others are writing just now: no measurement can be trusted to show it.
      await space.ensure(this.#promisedBytes);
    } catch (error) {
      giveBack();
      throw error;
    }
    return giveBack;
  }

  /** To be called after every change of the counts or the disk. */
  check(): void {
    const { index, options, space, notify } = this.#core;
    const { size, bytes } = index;
    const share = Math.max(size / options.maxSize, bytes / options.maxBytes);
    if (size + this.#promisedCount < options.maxSize && bytes + this.#promisedBytes < options.maxBytes)
      this.#full = false;
    const high = space.low || share >= HIGH_MARK || (this.#high && share > LOW_MARK);
    if (high === this.#high) return;
    this.#high = high;
    notify('pressure', { high, size, bytes });
  }
}

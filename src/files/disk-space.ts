/** Watches the free space of one volume, so that intake stops before the disk is full and goes on when there is space again. */
import type { Clock, Timer } from '../clock.js';
import { DiskSpaceError, toError } from '../errors.js';
import type { Logger } from '../observe/logger.js';
import type { FileSystem } from './file-system.js';

/** How long a measurement is good for unless the owner says otherwise, in ms. */
const MAX_AGE_MS = 1_000;
/** How often a full disk is looked at again, in ms. */
const RECHECK_MS = 5_000;
/** Space must exceed the limit by this factor before it counts as recovered: at the limit itself it would flicker. */
const RECOVERY_FACTOR = 1.1;

/** Payload of the events `diskLow` and `diskRecovered`. */
export interface DiskSpaceEvent {
  /** A folder on the volume. */
  path: string;
  freeBytes: number;
  /** How much must stay free. */
  thresholdBytes: number;
}

export interface DiskSpaceOptions {
  fs: FileSystem;
  clock: Clock;
  logger: Logger;
  /** An existing folder on the volume. */
  path: string;
  /** How much must stay free, in bytes. */
  minFreeBytes: number;
  /** How much must stay free, in percent of the volume (0 to 100). The larger of both limits counts. */
  minFreePercent: number;
  /**
   * How long a measurement is good for, in ms. Default 1,000. With 0 every write is preceded by a measurement that began
   * after it was asked for; those who ask while one is under way share the next.
   */
  maxAgeMs?: number;
  onLow?: (event: DiskSpaceEvent) => void;
  onRecovered?: (event: DiskSpaceEvent) => void;
}

export class DiskSpaceMonitor {
  readonly #options: DiskSpaceOptions;
  #measuredAt = Number.NEGATIVE_INFINITY;
  #free = Number.POSITIVE_INFINITY;
  #threshold = 0;
  #measuring: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #low = false;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: DiskSpaceOptions) {
    this.#options = options;
  }

  /** There is less space than must stay free. */
  get low(): boolean {
    return this.#low;
  }

  /** How much must stay free, as of the last measurement. */
  get thresholdBytes(): number {
    return this.#threshold;
  }

  /** The last measurement, `Infinity` before the first. */
  get freeBytes(): number {
    return this.#free;
  }

  /**
   * Call before a write.
   * @param bytes What will be written and no measurement can have shown: with `maxAgeMs: 0`, also that of other writes
   * that are under way.
   * @throws {DiskSpaceError} when the write would leave less than must stay free.
   */
  async ensure(bytes = 0): Promise<void> {
    await this.#measure();
    if (this.#free - bytes < this.#threshold) {
      this.#setLow();
      throw new DiskSpaceError(
        `Only ${this.#free} bytes are free at '${this.#options.path}'; ${this.#threshold} must stay free`,
      );
    }
    // What was promised is gone until the next measurement shows it.
    if (this.#maxAgeMs > 0) this.#free -= bytes;
  }

  /** Call when a write failed with ENOSPC: the disk was full whatever the measurement said. */
  reportFull(): void {
    this.#measuredAt = Number.NEGATIVE_INFINITY;
    this.#setLow();
  }

  /** Ends the watching; safe to call twice. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  get #maxAgeMs(): number {
    return this.#options.maxAgeMs ?? MAX_AGE_MS;
  }

  #measure(): Promise<void> {
    if (this.#options.clock.monotonic() - this.#measuredAt < this.#maxAgeMs) return Promise.resolve();
    if (!this.#measuring) return this.#begin();
    if (this.#maxAgeMs > 0) return this.#measuring;
    this.#next ??= this.#measuring.then(() => {
      this.#next = undefined;
      return this.#begin();
    });
    return this.#next;
  }

  #begin(): Promise<void> {
    this.#measuring = this.#readFree().finally(() => {
      this.#measuring = undefined;
    });
    return this.#measuring;
  }

  async #readFree(): Promise<void> {
    const { fs, clock, logger, path, minFreeBytes, minFreePercent } = this.#options;
    try {
      const { bavail, blocks, bsize } = await fs.statfs(path);
      this.#free = bavail * bsize;
      this.#threshold = Math.max(minFreeBytes, (blocks * bsize * minFreePercent) / 100);
      this.#measuredAt = clock.monotonic();
    } catch (error) {
      // The write itself tells what is wrong with the folder; not knowing the space is no reason to refuse it.
      logger.warn({ path, err: toError(error) }, 'The free space could not be measured');
    }
  }

  #setLow(): void {
    if (!this.#low) {
      this.#low = true;
      this.#options.onLow?.(this.#event());
    }
    this.#recheckLater();
  }

  #recheckLater(): void {
    if (this.#stopped || this.#timer) return;
    this.#timer = this.#options.clock.setTimeout(() => void this.#recheck(), RECHECK_MS);
    this.#timer.unref();
  }

  async #recheck(): Promise<void> {
    this.#timer = undefined;
    this.#measuredAt = Number.NEGATIVE_INFINITY;
    await this.#measure();
    if (this.#stopped) return;
    if (this.#free > 0 && this.#free >= this.#threshold * RECOVERY_FACTOR) {
      this.#low = false;
      this.#options.onRecovered?.(this.#event());
    } else {
      this.#recheckLater();
    }
  }

  #event(): DiskSpaceEvent {
    return { path: this.#options.path, freeBytes: this.#free, thresholdBytes: this.#threshold };
  }
}

/** A hidden probe file whose event must come back: the only proof that a folder's events flow. */
import { join } from 'node:path';
import { type Clock, sleep } from '../clock.js';
import { systemCode } from '../errors.js';
import { type FileSystem, PRIVATE_FILE } from '../files/file-system.js';

/** The probe's name: always the same, so that a crash leaves one at the most. */
export const CANARY_NAME = '.millrace-canary';

/** What a canary is made with. */
export interface CanaryOptions {
  fs: FileSystem;
  clock: Clock;
  /** The folder that is watched. */
  root: string;
  /** How long the event may take, in ms. */
  timeoutMs: number;
}

/** What a probe showed; 'unknown' where the folder cannot be written to. */
export type CanaryResult = 'heard' | 'silent' | 'unknown';

/** Probes one folder. */
export class Canary {
  readonly #options: CanaryOptions;
  readonly #path: string;
  #onHeard: (() => void) | undefined;
  #probing: Promise<CanaryResult> | undefined;

  constructor(options: CanaryOptions) {
    this.#options = options;
    this.#path = join(options.root, CANARY_NAME);
  }

  /** To be told of every event. @returns Whether it was one of the probe, which concerns nobody else. */
  heard(path: string): boolean {
    if (path !== this.#path) return false;
    this.#onHeard?.();
    return true;
  }

  /** Removes a probe that a process before this one left behind when it was killed. */
  async tidy(): Promise<void> {
    // Where that cannot be, read-only or away, it is hidden and harms nobody.
    await this.#remove().catch(() => undefined);
  }

  /** Writes the probe, waits for its event, and removes it. */
  probe(): Promise<CanaryResult> {
    this.#probing ??= this.#probe().finally(() => {
      this.#probing = undefined;
    });
    return this.#probing;
  }

  /** Resolves when no probe is in the folder any more. */
  async finish(): Promise<void> {
    this.#onHeard?.();
    await this.#probing;
  }

  async #probe(): Promise<CanaryResult> {
    const { fs, clock, timeoutMs } = this.#options;
    const over = new AbortController();
    let heard = false;
    this.#onHeard = () => {
      heard = true;
      over.abort();
    };
    try {
      await (await fs.open(this.#path, 'w', PRIVATE_FILE)).close();
      await sleep(clock, timeoutMs, over.signal);
      await this.#remove();
      return heard ? 'heard' : 'silent';
    } catch {
      // A folder that is away or read-only, or a full disk: nothing that says anything about events.
      return 'unknown';
    } finally {
      this.#onHeard = undefined;
    }
  }

  async #remove(): Promise<void> {
    try {
      await this.#options.fs.unlink(this.#path);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  }
}

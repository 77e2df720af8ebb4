/** Makes changes in one folder durable, with one fsync for as many as come while the last one runs (group commit). */
import { setImmediate as turn } from 'node:timers/promises';
import { syncFolder } from './atomic-write.js';
import type { FileSystem } from './file-system.js';

export class FolderSync {
  readonly #fs: FileSystem;
  readonly #folder: string;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(fs: FileSystem, folder: string) {
    this.#fs = fs;
    this.#folder = folder;
  }

  /** Nobody waits for it. */
  get idle(): boolean {
    return this.#running === undefined && this.#next === undefined;
  }

  /** Resolves when every change that was made in the folder before this call is on the disk. */
  done(): Promise<void> {
    // A sync that runs already may have missed our change; the one after it cannot.
    this.#next ??= this.#after(this.#running);
    return this.#next;
  }

  async #after(previous: Promise<void> | undefined): Promise<void> {
    // One turn of the event loop at least, in which those who are as far as we are join us.
    await turn();
    // Its failure is told to those who waited for it.
    await previous?.catch(() => undefined);
    const mine = this.#next;
    this.#running = mine;
    this.#next = undefined;
    try {
      await syncFolder(this.#fs, this.#folder);
    } finally {
      if (this.#running === mine) this.#running = undefined;
    }
  }
}

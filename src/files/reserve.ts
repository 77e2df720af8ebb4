/** A file whose only use is to be deleted: its bytes let books be kept, and space be made, on a full disk. */
import { join } from 'node:path';
import { isDiskFull, systemCode, toError } from '../errors.js';
import type { Logger } from '../observe/logger.js';
import { discard, removeIfThere, writeDurably } from './atomic-write.js';
import type { FileSystem } from './file-system.js';

/** The name of the reserve in its folder. */
const RESERVE_NAME = 'reserve';

export class Reserve {
  readonly #fs: FileSystem;
  readonly #path: string;
  readonly #bytes: number;
  readonly #logger: Logger;

  constructor(fs: FileSystem, directory: string, bytes: number, logger: Logger) {
    this.#fs = fs;
    this.#path = join(directory, RESERVE_NAME);
    this.#bytes = bytes;
    this.#logger = logger;
  }

  /** Puts the reserve back where it is missing and there is space for it. Never fails: without it work goes on. */
  async create(): Promise<void> {
    if (this.#bytes === 0) return;
    try {
      await writeDurably(this.#fs, this.#path, Buffer.alloc(this.#bytes));
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return;
      this.#logger.warn({ file: this.#path, err: toError(error) }, 'The reserve file could not be made');
      await discard(this.#fs, this.#path, this.#logger);
    }
  }

  /** Runs a step of bookkeeping; when the disk is full for it, gives the reserve up and runs it again. */
  async spend<T>(step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      if (!isDiskFull(error) || !(await removeIfThere(this.#fs, this.#path))) throw error;
      this.#logger.warn({ file: this.#path }, 'The disk is full: the reserve file was given up');
      return step();
    }
  }
}

/**
 * A copy of a source that is too big to be held in memory, made while it is read for the first time: everybody who reads it
 * later reads the same bytes, and the source itself is read once. It is no safety, so it is not flushed, and where it
 * cannot be made the source is read again.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { writeAll } from '../files/atomic-write.js';
import { type FileSystem, type OpenFile, PRIVATE_FILE, PRIVATE_FOLDER } from '../files/file-system.js';

export class SourceCopy {
  readonly path: string;
  readonly #fs: FileSystem;
  #file: OpenFile | undefined;
  #whole = false;

  private constructor(fs: FileSystem, path: string, file: OpenFile) {
    this.#fs = fs;
    this.path = path;
    this.#file = file;
  }

  /** @param folder It is made where it is missing. @returns nothing where none can be made. */
  static async begin(fs: FileSystem, folder: string): Promise<SourceCopy | undefined> {
    const path = join(folder, randomUUID());
    try {
      await fs.mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
      return new SourceCopy(fs, path, await fs.open(path, 'wx', PRIVATE_FILE));
    } catch {
      // No space, or no folder: it costs a second reading, and nothing else.
      return undefined;
    }
  }

  /** Adds what was read. After a failure the rest is not taken any more. */
  async add(chunk: Uint8Array): Promise<void> {
    if (!this.#file) return;
    try {
      await writeAll(this.#file, chunk);
    } catch {
      // Most likely no space; see above.
      await this.#close();
      await this.discard();
    }
  }

  /** All of it was added. @returns Whether it is whole. */
  async end(): Promise<boolean> {
    this.#whole = this.#file !== undefined;
    await this.#close();
    return this.#whole;
  }

  /** It is not needed any more. What cannot be removed now goes at the next start of the pool. */
  async discard(): Promise<void> {
    await this.#close();
    await this.#fs.unlink(this.path).catch(() => undefined);
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => {
      this.#whole = false;
    });
  }
}

/** A stretch of a file in memory that moves forward, so that a file of any size is read in bounded memory. */
import type { OpenFile } from '../files/file-system.js';

const READ_BYTES = 256 * 1024;

export class FileWindow {
  readonly #file: OpenFile;
  readonly #limit: number;
  #buffer = Buffer.allocUnsafe(2 * READ_BYTES);
  #start = 0;
  #end = 0;
  #readTo: number;

  /** @param limit Nothing from this offset on is read. */
  constructor(file: OpenFile, from: number, limit: number) {
    this.#file = file;
    this.#readTo = from;
    this.#limit = limit;
  }

  /** What is in memory from the cursor on. */
  get bytes(): Buffer {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  get available(): number {
    return this.#end - this.#start;
  }

  /** The cursor's place in the file. */
  get offset(): number {
    return this.#readTo - this.available;
  }

  /** How much lies between the cursor and the limit. */
  get remaining(): number {
    return this.#limit - this.offset;
  }

  advance(bytes: number): void {
    this.#start += bytes;
  }

  /** Reads until at least `wanted` bytes are in memory, or all that are left. Earlier {@link bytes} are no longer valid. */
  async fill(wanted: number): Promise<void> {
    const target = Math.min(wanted, this.remaining);
    if (this.available >= target) return;
    if (this.#start + Math.max(target, READ_BYTES) > this.#buffer.length) this.#makeRoom(target);
    while (this.available < target) {
      const length = Math.min(this.#buffer.length - this.#end, this.#limit - this.#readTo);
      const { bytesRead } = await this.#file.read(this.#buffer, this.#end, length, this.#readTo);
      if (bytesRead === 0) return;
      this.#end += bytesRead;
      this.#readTo += bytesRead;
    }
  }

  #makeRoom(target: number): void {
    const size = Math.max(this.#buffer.length, target + READ_BYTES);
    const buffer = size > this.#buffer.length ? Buffer.allocUnsafe(size) : this.#buffer;
    this.bytes.copy(buffer);
    this.#end = this.available;
    this.#start = 0;
    this.#buffer = buffer;
  }
}

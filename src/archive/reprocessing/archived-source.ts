/** An archived file as a converter's source: what the converter sees is what it saw the first time. */
import { createHash } from 'node:crypto';
import { posix, win32 } from 'node:path';
import { Readable } from 'node:stream';
import type { ConverterSource } from '../../converters/source.js';
import { decodeLines, decodeText } from '../../converters/text-encoding.js';
import { IntegrityError } from '../../errors.js';
import type { ArchiveEntry } from '../types.js';

/** Up to this size the content is held while it is converted, and read from the archive only once. */
const HELD_BYTES = 4 * 1024 * 1024;

/** See {@link ConverterSource}. Every reader gets the content that was archived, or an {@link IntegrityError}. */
export class ArchivedSource implements ConverterSource {
  readonly path: string;
  readonly name: string;
  readonly #entry: ArchiveEntry;
  readonly #open: () => Readable;
  #held: Buffer | undefined;

  /** @param open The content from its beginning, each time that it is called. */
  constructor(entry: ArchiveEntry, open: () => Readable) {
    this.#entry = entry;
    this.#open = open;
    this.path = entry.sourcePath;
    // The archive may be read on another platform than it was written on.
    const { basename } = /^([A-Za-z]:[\\/]|\\\\)/.test(this.path) ? win32 : posix;
    this.name = basename(this.path);
  }

  get size(): number {
    return this.#entry.size;
  }

  get modifiedAt(): Date {
    return this.#entry.modifiedAt;
  }

  async sha256(): Promise<string> {
    return this.#entry.sha256;
  }

  async bytes(): Promise<Buffer> {
    // A copy: what a converter does to its bytes must not reach the next reader.
    if (this.#held) return Buffer.from(this.#held);
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#chunks()) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    if (bytes.length > HELD_BYTES) return bytes;
    this.#held = bytes;
    return Buffer.from(bytes);
  }

  async text(encoding?: string): Promise<string> {
    return decodeText(await this.bytes(), encoding);
  }

  lines(encoding?: string): AsyncIterable<string> {
    return decodeLines(this.#chunks(), encoding);
  }

  stream(): Readable {
    return Readable.from(this.#chunks(), { objectMode: false });
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    if (this.#held) {
      yield Buffer.from(this.#held);
      return;
    }
    const hash = createHash('sha256');
    for await (const chunk of this.#open()) {
      hash.update(chunk as Uint8Array);
      yield chunk as Uint8Array;
    }
    if (hash.digest('hex') === this.#entry.sha256) return;
    throw new IntegrityError(
      `The archived content of ${this.path} (${this.#entry.archiveId}) is not what was archived`,
    );
  }
}

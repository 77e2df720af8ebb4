/** Content that is in memory as a converter's source. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import type { ConverterSource } from './source.js';
import { decodeLines, decodeText } from './text-encoding.js';

/** What {@link MemorySource} is made from. */
export interface MemorySourceOptions {
  bytes: Uint8Array;
  /** The path under which a converter knows it. */
  path: string;
  /** When the content last changed. */
  modifiedAt: Date;
}

/** See {@link ConverterSource}. */
export class MemorySource implements ConverterSource {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly modifiedAt: Date;
  readonly #bytes: Uint8Array;

  constructor({ bytes, path, modifiedAt }: MemorySourceOptions) {
    this.path = path;
    this.name = basename(path);
    this.size = bytes.byteLength;
    this.modifiedAt = modifiedAt;
    this.#bytes = bytes;
  }

  async sha256(): Promise<string> {
    return createHash('sha256').update(this.#bytes).digest('hex');
  }

  async bytes(): Promise<Buffer> {
    return Buffer.from(this.#bytes);
  }

  async text(encoding?: string): Promise<string> {
    return decodeText(this.#bytes, encoding);
  }

  lines(encoding?: string): AsyncIterable<string> {
    return decodeLines(this.#chunks(), encoding);
  }

  stream(): Readable {
    return Readable.from(this.#chunks(), { objectMode: false });
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    // A copy: what a converter does to its bytes must not reach the next reader.
    if (this.size > 0) yield Buffer.from(this.#bytes);
  }
}

/** Content that is kept somewhere else than in its file, as a converter's source: what it sees is what it saw the first time. */
import { createHash } from 'node:crypto';
import { posix, win32 } from 'node:path';
import { Readable } from 'node:stream';
import { IntegrityError, MillraceError } from '../errors.js';
import type { ConverterSource, SourceFile } from './source.js';
import { decodeLines, decodeText } from './text-encoding.js';

/** A file whose content is kept. */
export interface KeptFile {
  /** Its path in the source, with `/`. */
  name: string;
  size: number;
  modifiedAt: Date;
  sha256: string;
  /** The content from its beginning, each time that it is called. */
  stream(): Readable;
}

/** What is known of a source as a whole. */
export interface KeptSource {
  /** The original path. */
  path: string;
  size: number;
  modifiedAt: Date;
  sha256: string;
  /** It is a folder, or a file with companions. */
  several: boolean;
}

/** Up to this size a content is held while it is converted, and read only once. */
const HELD_BYTES = 4 * 1024 * 1024;

/** A source from its files. */
export function contentSource(kept: KeptSource, files: readonly KeptFile[]): ConverterSource {
  const { path } = kept;
  // It may be read on another platform than it was written on.
  const { basename, dirname, join } = /^([A-Za-z]:[\\/]|\\\\)/.test(path) ? win32 : posix;
  const name = basename(path);
  const [only] = files;
  if (!kept.several && only) return new ContentFile({ ...only, name }, path);
  // A file with companions has the name of one of its files; a folder has not, and its files lie in it.
  const folder = files.some(file => file.name === name) ? dirname(path) : path;
  const members = files.map(file => new ContentFile(file, join(folder, ...file.name.split('/'))));
  return new ContentSet(
    kept,
    name,
    members,
    members.find(member => member.name === name),
  );
}

/** One file. Every reader gets the content that was kept, or an {@link IntegrityError}. */
class ContentFile implements SourceFile {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly modifiedAt: Date;
  readonly #file: KeptFile;
  #held: Buffer | undefined;

  constructor(file: KeptFile, path: string) {
    this.#file = file;
    this.path = path;
    this.name = file.name;
    this.size = file.size;
    this.modifiedAt = file.modifiedAt;
  }

  async sha256(): Promise<string> {
    return this.#file.sha256;
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
    for await (const chunk of this.#file.stream()) {
      hash.update(chunk as Uint8Array);
      yield chunk as Uint8Array;
    }
    if (hash.digest('hex') === this.#file.sha256) return;
    throw new IntegrityError(`The content that was kept of ${this.path} is not what it was`);
  }
}

/** A folder, or a file with its companions. */
class ContentSet implements ConverterSource {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly modifiedAt: Date;
  readonly files: readonly SourceFile[];
  readonly #sha256: string;
  readonly #primary: SourceFile | undefined;

  constructor(kept: KeptSource, name: string, files: readonly SourceFile[], primary: SourceFile | undefined) {
    this.path = kept.path;
    this.name = name;
    this.size = primary?.size ?? kept.size;
    this.modifiedAt = primary?.modifiedAt ?? kept.modifiedAt;
    this.files = files;
    this.#sha256 = kept.sha256;
    this.#primary = primary;
  }

  async sha256(): Promise<string> {
    return this.#sha256;
  }

  async bytes(): Promise<Buffer> {
    return this.#content().bytes();
  }

  async text(encoding?: string): Promise<string> {
    return this.#content().text(encoding);
  }

  lines(encoding?: string): AsyncIterable<string> {
    return this.#content().lines(encoding);
  }

  stream(): Readable {
    return this.#content().stream();
  }

  #content(): SourceFile {
    if (this.#primary) return this.#primary;
    throw new MillraceError('SOURCE_IS_FOLDER', `${this.path} is a folder of ${this.files.length} files`);
  }
}

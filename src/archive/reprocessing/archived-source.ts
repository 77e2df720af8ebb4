/** Archived files as a converter's source: what the converter sees is what it saw the first time. */
import { createHash } from 'node:crypto';
import { posix, win32 } from 'node:path';
import { Readable } from 'node:stream';
import type { ConverterSource, SourceFile } from '../../converters/source.js';
import { decodeLines, decodeText } from '../../converters/text-encoding.js';
import { IntegrityError, MillraceError } from '../../errors.js';
import type { ArchivedFile } from '../restore.js';
import type { ArchiveEntry } from '../types.js';

/** Up to this size a content is held while it is converted, and read from the archive only once. */
const HELD_BYTES = 4 * 1024 * 1024;

/** The source of an entry. @param files Its files, as the archive has them. */
export function archivedSource(entry: ArchiveEntry, files: readonly ArchivedFile[]): ConverterSource {
  const { sourcePath } = entry;
  // The archive may be read on another platform than it was written on.
  const { basename, dirname, join } = /^([A-Za-z]:[\\/]|\\\\)/.test(sourcePath) ? win32 : posix;
  const name = basename(sourcePath);
  const [only] = files;
  if (entry.members === null && only) return new ArchivedContent({ ...only, name, path: sourcePath });
  // A file with companions has the name of one of its files; a folder has not, and its files lie in it.
  const primary = files.find(file => file.name === name);
  const folder = primary ? dirname(sourcePath) : sourcePath;
  const members = files.map(file => new ArchivedContent({ ...file, path: join(folder, ...file.name.split('/')) }));
  return new ArchivedSet(
    entry,
    name,
    members,
    members.find(member => member.name === name),
  );
}

/** One file. Every reader gets the content that was archived, or an {@link IntegrityError}. */
class ArchivedContent implements SourceFile {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly modifiedAt: Date;
  readonly #file: ArchivedFile & { path: string };
  #held: Buffer | undefined;

  constructor(file: ArchivedFile & { path: string }) {
    this.#file = file;
    this.path = file.path;
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
    throw new IntegrityError(`The archived content of ${this.path} is not what was archived`);
  }
}

/** A folder, or a file with its companions. */
class ArchivedSet implements ConverterSource {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly modifiedAt: Date;
  readonly files: readonly SourceFile[];
  readonly #sha256: string;
  readonly #primary: SourceFile | undefined;

  constructor(entry: ArchiveEntry, name: string, files: readonly SourceFile[], primary: SourceFile | undefined) {
    this.path = entry.sourcePath;
    this.name = name;
    this.size = primary?.size ?? entry.size;
    this.modifiedAt = primary?.modifiedAt ?? entry.modifiedAt;
    this.files = files;
    this.#sha256 = entry.sha256;
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

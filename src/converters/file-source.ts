/** A file as a converter's source, read once and proven not to have changed while it was read. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { MillraceError, systemCode } from '../errors.js';
import type { FileSystem, OpenFile } from '../files/file-system.js';
import { type FileIdentity, identityOf, sameIdentity } from '../files/identity.js';
import type { HeldSource } from './held-source.js';
import { SourceCopy } from './source-copy.js';
import { decodeLines, decodeText } from './text-encoding.js';

/** Up to this size the content is held while the file is worked on, and read from the disk only once. */
const HELD_BYTES = 4 * 1024 * 1024;
/** A chunk this small keeps hashing under a millisecond at a time on the host's event loop. */
const CHUNK_BYTES = 256 * 1024;

/** What {@link FileSource.read} needs to know of the file. */
export interface FileSourceOptions {
  fs: FileSystem;
  /** Where the bytes are now. */
  path: string;
  /** The path under which the converter knows the file, where it was moved meanwhile. Default: `path`. */
  knownAs?: string;
  /** The name under which the converter knows it. Default: that of `knownAs` without its folder. */
  name?: string;
  /** What idempotency keys are made with. Default: the SHA-256 of the content. */
  key?: string;
  /** What it must still be. Default: whatever it is now. */
  as?: FileIdentity;
  /** How much content is held in memory, in bytes. Default 4 MiB. */
  heldBytes?: number;
  /** A folder for a copy of what is not held, so that the file is read once. Default: it is read again, against its checksum. */
  copyTo?: string | undefined;
  /** What it was when it was last looked at. Where it still is that when it was read, it need not be looked at before. */
  seen?: FileIdentity | undefined;
}

/** What another thread or process needs to have the same source. Plain data. */
export interface FileTicket {
  path: string;
  name: string;
  identity: FileIdentity;
  location: string;
  sha256: string;
  /** Where a copy is that is to be read in place of the file. */
  copy: string | undefined;
  /** A copy of it, where it is held and goes along. */
  content: Uint8Array<ArrayBuffer> | undefined;
}

/** See {@link ConverterSource}. */
export class FileSource implements HeldSource {
  readonly path: string;
  readonly name: string;
  readonly identity: FileIdentity;
  readonly key: string;
  readonly #fs: FileSystem;
  readonly #location: string;
  readonly #sha256: string;
  #held: Buffer | undefined;
  #copy: { path: string; discard?(): Promise<void> } | undefined;

  private constructor(
    options: FileSourceOptions,
    identity: FileIdentity,
    sha256: string,
    { held, copy }: { held: Buffer | undefined; copy: { path: string; discard?(): Promise<void> } | undefined },
  ) {
    this.path = options.knownAs ?? options.path;
    this.name = options.name ?? basename(this.path);
    this.identity = identity;
    this.key = options.key ?? sha256;
    this.#fs = options.fs;
    this.#location = options.path;
    this.#sha256 = sha256;
    this.#held = held;
    this.#copy = copy;
  }

  /**
   * Reads the file and its checksum.
   * @throws MillraceError `SOURCE_CHANGED` when the file changed while it was read; Node's own errors (`ENOENT`,
   * `EBUSY`, `EACCES`, …) when it cannot be read.
   */
  static async read(options: FileSourceOptions): Promise<FileSource> {
    const { seen, ...rest } = options;
    const source = (seen && (await FileSource.#read(rest, seen))) ?? (await FileSource.#read(rest));
    if (!source) throw changed(options.path);
    return source;
  }

  /** @param seen What it is taken to be. @returns Nothing when it is another, or has changed meanwhile. */
  static async #read(options: FileSourceOptions, seen?: FileIdentity): Promise<FileSource | undefined> {
    const { fs, path, heldBytes = HELD_BYTES } = options;
    const file = await fs.open(path, 'r');
    let copy: SourceCopy | undefined;
    try {
      const identity = seen ?? identityOf(await file.stat());
      if (options.as && !sameIdentity(options.as, identity)) return undefined;
      const hash = createHash('sha256');
      const held = identity.size <= heldBytes ? Buffer.allocUnsafeSlow(identity.size) : undefined;
      if (!held && options.copyTo !== undefined) copy = await SourceCopy.begin(fs, options.copyTo);
      let offset = 0;
      for await (const chunk of readChunks(file, held)) {
        hash.update(chunk);
        offset += chunk.length;
        await copy?.add(chunk);
      }
      // Whether it grew. Without an earlier look by its path, for a writer may have renamed a new version over the open one.
      const after = identityOf(await (seen ? file.stat() : fs.stat(path)));
      if (offset !== identity.size || !sameIdentity(identity, after)) {
        await copy?.discard();
        return undefined;
      }
      const whole = (await copy?.end()) ? copy : undefined;
      return new FileSource(options, identity, hash.digest('hex'), { held, copy: whole });
    } catch (error) {
      await copy?.discard();
      throw error;
    } finally {
      await file.close();
    }
  }

  /** The source of a ticket. What did not go along is read from the disk, against the checksum. */
  static from(ticket: FileTicket, fs: FileSystem): FileSource {
    const { path, name, location, identity, sha256, copy, content } = ticket;
    const held = content && Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    const options = { fs, path: location, knownAs: path, name };
    return new FileSource(options, identity, sha256, { held, copy: copy === undefined ? undefined : { path: copy } });
  }

  /** @param transfer Has the content go along, and takes its memory. */
  ticket(transfer?: ArrayBuffer[]): FileTicket {
    const { path, name, identity } = this;
    const content = transfer && this.#held ? new Uint8Array(this.#held) : undefined;
    if (content) transfer?.push(content.buffer);
    return { path, name, identity, location: this.#location, sha256: this.#sha256, copy: this.#copy?.path, content };
  }

  get size(): number {
    return this.identity.size;
  }

  get modifiedAt(): Date {
    return new Date(this.identity.mtimeMs);
  }

  async sha256(): Promise<string> {
    return this.#sha256;
  }

  async bytes(): Promise<Buffer> {
    // A copy: what a converter does to its bytes must not reach the next reader.
    if (this.#held) return Buffer.from(this.#held);
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#chunks()) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async text(encoding?: string): Promise<string> {
    return decodeText(this.#held ?? (await this.bytes()), encoding);
  }

  lines(encoding?: string): AsyncIterable<string> {
    return decodeLines(this.#chunks(), encoding);
  }

  stream(): Readable {
    return Readable.from(this.#chunks(), { objectMode: false });
  }

  /** See {@link HeldSource.release}. */
  release(): void {
    this.#held = undefined;
    const copy = this.#copy;
    this.#copy = undefined;
    void copy?.discard?.();
  }

  /** The copy, where there is one. */
  async #open(): Promise<OpenFile> {
    if (this.#copy) {
      try {
        return await this.#fs.open(this.#copy.path, 'r');
      } catch (error) {
        // Somebody has cleaned up: the file itself may still be what it was.
        if (systemCode(error) !== 'ENOENT') throw error;
      }
    }
    return this.#fs.open(this.#location, 'r');
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    if (this.#held) {
      yield Buffer.from(this.#held);
      return;
    }
    const file = await this.#open();
    try {
      const hash = createHash('sha256');
      for await (const chunk of readChunks(file)) {
        hash.update(chunk);
        yield chunk;
      }
      if (hash.digest('hex') !== this.#sha256) throw changed(this.#location);
    } finally {
      await file.close();
    }
  }
}

/** Reads until `whole` is full, where it is given, else to the end, each chunk into a buffer of its own. */
async function* readChunks(file: OpenFile, whole?: Buffer): AsyncGenerator<Uint8Array> {
  for (let offset = 0; ; ) {
    const target = whole ? whole.subarray(offset, offset + CHUNK_BYTES) : Buffer.allocUnsafe(CHUNK_BYTES);
    if (target.length === 0) return;
    const { bytesRead } = await file.read(target, 0, target.length, offset);
    if (bytesRead === 0) return;
    yield target.subarray(0, bytesRead);
    offset += bytesRead;
  }
}

function changed(path: string): MillraceError {
  return new MillraceError('SOURCE_CHANGED', `${path} changed while it was read`);
}

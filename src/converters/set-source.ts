/** Several files as one source: a folder, or a file with its companions. */
import type { Readable } from 'node:stream';
import { MillraceError } from '../errors.js';
import { checksumOfSet, identityOfSet, type Member } from '../files/file-set.js';
import type { FileSystem } from '../files/file-system.js';
import type { FileIdentity } from '../files/identity.js';
import { FileSource, type FileTicket } from './file-source.js';
import type { HeldSource } from './held-source.js';
import type { SourceFile } from './source.js';

/** What {@link SetSource.read} needs to know of the set. */
export interface SetSourceOptions {
  fs: FileSystem;
  /** The set's path and name, as the converter knows it. */
  path: string;
  name: string;
  /** The files, as they were listed. */
  members: readonly Member[];
  /** Where a member's bytes are now, and the path under which the converter knows it. */
  locate: (name: string) => { location: string; path: string };
  /** The member whose content is that of the whole, in a file with companions. */
  primary?: string;
  /** As {@link FileSourceOptions.copyTo}. */
  copyTo?: string | undefined;
}

/** What another thread or process needs to have the same source. Plain data. */
export interface SetTicket {
  path: string;
  name: string;
  key: string;
  primary: string | undefined;
  files: readonly FileTicket[];
}

/** So much content is held of all members together. */
const HELD_BYTES = 4 * 1024 * 1024;

/** See {@link ConverterSource}. */
export class SetSource implements HeldSource {
  readonly path: string;
  readonly name: string;
  readonly identity: FileIdentity;
  readonly files: readonly SourceFile[];
  readonly key: string;
  readonly #sources: readonly FileSource[];
  readonly #primary: FileSource | undefined;

  private constructor(
    options: Pick<SetSourceOptions, 'path' | 'name' | 'members' | 'primary'>,
    sources: readonly FileSource[],
    key: string,
  ) {
    const { path, name, members, primary } = options;
    this.path = path;
    this.name = name;
    this.identity = identityOfMembers(members, primary);
    this.files = sources;
    this.key = key;
    this.#sources = sources;
    this.#primary = sources.find(source => source.name === primary);
  }

  /**
   * Reads every file and its checksum.
   * @throws MillraceError `SOURCE_CHANGED` when one is not as it was listed, or changed while it was read; Node's own errors
   * when one cannot be read.
   */
  static async read(options: SetSourceOptions): Promise<SetSource> {
    const { fs, members, locate, copyTo } = options;
    const sources: FileSource[] = [];
    let held = 0;
    try {
      for (const member of members) {
        const { location, path } = locate(member.name);
        const heldBytes = Math.max(0, HELD_BYTES - held);
        const as = { path: location, knownAs: path, name: member.name, as: member };
        const source = await FileSource.read({ fs, ...as, heldBytes, copyTo });
        held += source.size;
        sources.push(source);
      }
    } catch (error) {
      for (const source of sources) source.release();
      throw error;
    }
    return new SetSource(options, sources, await checksumOf(sources, options.primary));
  }

  /** The source of a ticket; see {@link FileSource.from}. */
  static from({ path, name, key, primary, files }: SetTicket, fs: FileSystem): SetSource {
    const members = files.map(file => ({ name: file.name, ...file.identity }));
    const sources = files.map(file => FileSource.from(file, fs));
    return new SetSource({ path, name, members, ...(primary === undefined ? {} : { primary }) }, sources, key);
  }

  /** @param transfer As for {@link FileSource.ticket}. */
  ticket(transfer?: ArrayBuffer[]): SetTicket {
    const { path, name, key } = this;
    const files = this.#sources.map(source => source.ticket(transfer));
    return { path, name, key, primary: this.#primary?.name, files };
  }

  get size(): number {
    return this.#primary?.size ?? this.identity.size;
  }

  get modifiedAt(): Date {
    return this.#primary?.modifiedAt ?? new Date(this.identity.mtimeMs);
  }

  async sha256(): Promise<string> {
    return this.key;
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

  release(): void {
    for (const source of this.#sources) source.release();
  }

  #content(): FileSource {
    if (this.#primary) return this.#primary;
    throw new MillraceError('SOURCE_IS_FOLDER', `${this.path} is a folder of ${this.files.length} files`);
  }
}

/** One file without a companion is the same thing as that file alone. */
export function identityOfMembers(members: readonly Member[], primary?: string): FileIdentity {
  const [only] = members;
  if (!only || members.length > 1 || only.name !== primary) return identityOfSet(members);
  return { size: only.size, mtimeMs: only.mtimeMs, ino: only.ino };
}

async function checksumOf(sources: readonly FileSource[], primary: string | undefined): Promise<string> {
  const files = await Promise.all(
    sources.map(async source => ({ name: source.name, size: source.size, sha256: await source.sha256() })),
  );
  const [only] = files;
  return files.length === 1 && only?.name === primary && only ? only.sha256 : checksumOfSet(files);
}

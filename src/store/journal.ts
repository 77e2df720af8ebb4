/**
 * The journal that is being written. What `append` resolved for is on the disk; what it rejected for is cut off again
 * before anything else is written, since after a failed fsync nobody knows what the disk holds.
 */
import { StoreError, toError } from '../errors.js';
import { discard, syncFolder, writeAll } from '../files/atomic-write.js';
import { whileBusy } from '../files/busy.js';
import { type FileSystem, type OpenFile, PRIVATE_FILE } from '../files/file-system.js';
import type { Logger } from '../observe/logger.js';
import { encodeRecords, type JournalHeader, toPayload } from './record.js';
import { exists, isLinkUnsupported, type StoreFiles } from './store-files.js';

/** A journal file, and how much of it counts. */
interface Part {
  /** The number of its last record. */
  sequence: number;
  end: number;
  /** How much of it is the header. */
  headerBytes: number;
}

/** A new journal of which it is not known yet whether it has taken the journal's name. */
interface Candidate extends Part {
  ino: number;
  dev: number;
}

export class Journal {
  readonly #fs: FileSystem;
  readonly #files: StoreFiles;
  readonly #logger: Logger;
  #part: Part;
  #candidate: Candidate | undefined;
  #file: OpenFile | undefined;

  private constructor(fs: FileSystem, files: StoreFiles, logger: Logger, part: Part) {
    this.#fs = fs;
    this.#files = files;
    this.#logger = logger;
    this.#part = part;
  }

  /** Starts a new journal in the place of the one that is there, if any. `after` is the last sequence number before it. */
  static async create(
    fs: FileSystem,
    files: StoreFiles,
    logger: Logger,
    header: JournalHeader,
    after: number,
  ): Promise<Journal> {
    const part = await prepare(fs, files, logger, header, after);
    await whileBusy(() => fs.rename(files.journalTemp, files.journal));
    const journal = new Journal(fs, files, logger, part);
    await journal.#reopen();
    return journal;
  }

  /** Goes on with the journal that is there, after the first `end` bytes; the rest is cut off. */
  static async resume(
    fs: FileSystem,
    files: StoreFiles,
    logger: Logger,
    { end, sequence }: { end: number; sequence: number },
  ): Promise<Journal> {
    const journal = new Journal(fs, files, logger, { sequence, end, headerBytes: 0 });
    await journal.#reopen();
    return journal;
  }

  /** How many bytes count. */
  get end(): number {
    return this.#part.end;
  }

  /** The number of the last record. */
  get sequence(): number {
    return this.#part.sequence;
  }

  /** How many bytes of records it holds. */
  get recordBytes(): number {
    return this.#part.end - this.#part.headerBytes;
  }

  /** Makes sure that what `end` says is what the file holds, where a failure before left that open. */
  async mend(): Promise<void> {
    if (!this.#file) await this.#reopen();
  }

  /**
   * Resolves when `bytes`, of which `sequence` is the last record, are on the disk; on failure they are cut off again,
   * now or before the next append.
   */
  async append(bytes: Uint8Array, sequence: number): Promise<void> {
    const file = this.#file ?? (await this.#reopen());
    let at = this.#part.end;
    const write = async (source: Uint8Array, offset: number, length: number): Promise<{ bytesWritten: number }> => {
      const written = await file.write(source, offset, length, at);
      at += written.bytesWritten;
      return written;
    };
    try {
      await writeAll({ write }, bytes);
      await file.datasync();
    } catch (error) {
      await this.#closeFile();
      await this.#reopen().catch((failure: unknown) => this.#note(failure, 'The journal could not be mended yet'));
      throw error;
    }
    this.#part.end += bytes.length;
    this.#part.sequence = sequence;
  }

  /**
   * Renames this journal to `.old` and goes on in a new one. `false` where the file system cannot do that without a
   * moment in which a crash would find no journal. Not to be called while `.old` exists.
   */
  async rotate(header: JournalHeader): Promise<boolean> {
    const { journal, journalTemp, old } = this.#files;
    await this.mend();
    const next = await this.#prepare(header);
    try {
      // Two names for one file first: at no step does a crash find acknowledged records under no name.
      await whileBusy(() => this.#fs.link(journal, old));
    } catch (error) {
      await discard(this.#fs, journalTemp, this.#logger);
      if (isLinkUnsupported(error) && !(await exists(this.#fs, old))) return false;
      throw error;
    }
    await this.#switchTo(next);
    return true;
  }

  /** Goes on in a new journal in the place of this one, whose records are no longer needed. */
  async startAnew(header: JournalHeader): Promise<void> {
    await this.mend();
    await this.#switchTo(await this.#prepare(header));
  }

  async close(): Promise<void> {
    await this.#closeFile();
  }

  #prepare(header: JournalHeader): Promise<Candidate> {
    return prepare(this.#fs, this.#files, this.#logger, header, this.#part.sequence);
  }

  async #switchTo(next: Candidate): Promise<void> {
    this.#candidate = next;
    // Windows does not replace a file that is open.
    await this.#closeFile();
    await whileBusy(() => this.#fs.rename(this.#files.journalTemp, this.#files.journal));
    await this.#reopen();
  }

  /** Opens the journal, cuts off what does not count, and makes its name durable. Only then may anything be written. */
  async #reopen(): Promise<OpenFile> {
    const file = await this.#fs.open(this.#files.journal, 'r+');
    try {
      const { ino, dev, size } = await file.stat();
      const candidate = this.#candidate;
      // After a rename that failed nobody knows whether it happened, unless one looks.
      if (candidate?.ino === ino && candidate.dev === dev) this.#part = candidate;
      this.#candidate = undefined;
      if (size < this.#part.end) {
        throw new StoreError('STORE_DAMAGED', `${this.#files.journal} has become shorter: another program changed it`);
      }
      if (size > this.#part.end) await file.truncate(this.#part.end);
      await file.datasync();
      await syncFolder(this.#fs, this.#files.directory);
    } catch (error) {
      await file.close();
      throw error;
    }
    this.#file = file;
    return file;
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch((error: unknown) => this.#note(error, 'The journal could not be closed'));
  }

  #note(error: unknown, message: string): void {
    this.#logger.warn({ file: this.#files.journal, err: toError(error) }, message);
  }
}

/** Writes a new journal under its temporary name. */
async function prepare(
  fs: FileSystem,
  { journalTemp }: StoreFiles,
  logger: Logger,
  header: JournalHeader,
  after: number,
): Promise<Candidate> {
  const bytes = encodeRecords([toPayload(header)], after);
  try {
    const file = await fs.open(journalTemp, 'w', PRIVATE_FILE);
    try {
      await writeAll(file, bytes);
      await file.datasync();
      const { ino, dev } = await file.stat();
      return { sequence: after, end: bytes.length, headerBytes: bytes.length, ino, dev };
    } finally {
      await file.close();
    }
  } catch (error) {
    await discard(fs, journalTemp, logger);
    throw error;
  }
}

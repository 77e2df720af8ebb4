/**
 * Files in the archive's folder: written under a passing name in `incoming/`, given their name only when they are whole
 * and on the disk, and known there by their passing name until the catalog knows them, too.
 */
import { basename, dirname, join } from 'node:path';
import { ArchiveError, systemCode, toError } from '../../errors.js';
import { discard, removeIfThere, TEMP_SUFFIX, tempName, writeAll } from '../../files/atomic-write.js';
import { whileBusy } from '../../files/busy.js';
import { type FileSystem, type OpenFile, PRIVATE_FILE, PRIVATE_FOLDER } from '../../files/file-system.js';
import { linkOrRename } from '../../files/place.js';
import type { Logger } from '../../observe/logger.js';
import { BlobFolders } from './blob-folders.js';

const PROBE_BYTES = 4 * 1024;

/** A file on its way into the archive. */
export interface Incoming {
  /** Its passing name, absolute. */
  readonly temp: string;
  readonly file: OpenFile;
}

export class BlobStore {
  readonly root: string;
  readonly fs: FileSystem;
  readonly #folders: BlobFolders;
  readonly #incoming: string;
  readonly #logger: Logger;

  constructor(fs: FileSystem, root: string, logger: Logger) {
    this.fs = fs;
    this.root = root;
    this.#logger = logger;
    this.#folders = new BlobFolders(fs, root);
    this.#incoming = join(root, 'incoming');
  }

  async open(): Promise<void> {
    this.#folders.forget();
    await this.fs.mkdir(this.#incoming, { recursive: true, mode: PRIVATE_FOLDER });
  }

  /** What a crash has left on its way, absolute. */
  async leftovers(): Promise<string[]> {
    const names = await this.fs.readdir(this.#incoming);
    return names.filter(name => name.endsWith(TEMP_SUFFIX)).map(name => join(this.#incoming, name));
  }

  /** The absolute path of what is named relative to the archive's folder. */
  path(relative: string): string {
    return join(this.root, ...relative.split('/'));
  }

  async begin(): Promise<Incoming> {
    const temp = tempName(join(this.#incoming, 'blob'));
    try {
      return { temp, file: await this.fs.open(temp, 'wx+', PRIVATE_FILE) };
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      // The folder was removed under us, or a volume was mounted anew.
      await this.open();
      return { temp, file: await this.fs.open(temp, 'wx+', PRIVATE_FILE) };
    }
  }

  /** Its content is complete: flushed, and closed. */
  async complete({ file }: Incoming): Promise<void> {
    await file.datasync();
    await file.close();
  }

  /**
   * Gives a complete file its name, durably. The passing name stays until {@link settled}: after a crash in between, it
   * tells that the catalog may not know the file.
   * @returns Whether the name was free; else what has it is left as it is.
   */
  async publish({ temp }: Pick<Incoming, 'temp'>, relative: string): Promise<boolean> {
    const path = this.path(relative);
    await this.#folders.make(dirname(path));
    try {
      await linkOrRename(this.fs, temp, path, false);
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return false;
      // The folder of the day was removed by somebody.
      if (systemCode(error) === 'ENOENT') this.#folders.forget();
      throw error;
    }
    await this.#folders.sync(dirname(path));
    return true;
  }

  /** As {@link publish}, in the place of what may have the name. */
  async replace({ temp }: Pick<Incoming, 'temp'>, relative: string): Promise<void> {
    const path = this.path(relative);
    await this.#folders.make(dirname(path));
    await whileBusy(() => this.fs.rename(temp, path));
    await this.#folders.sync(dirname(path));
  }

  /** The catalog knows the file. */
  settled({ temp }: Pick<Incoming, 'temp'>): Promise<void> {
    return discard(this.fs, temp, this.#logger);
  }

  /** Takes back a file that did not get its name. */
  async abandon({ temp, file }: Incoming): Promise<void> {
    await file
      .close()
      .catch((error: unknown) => this.#logger.debug({ file: temp, err: toError(error) }, 'It was closed already'));
    await discard(this.fs, temp, this.#logger);
  }

  /** Tries whether something can be written. @throws what stands in the way. */
  async probe(): Promise<void> {
    const incoming = await this.begin();
    try {
      await writeAll(incoming.file, Buffer.alloc(PROBE_BYTES));
      await incoming.file.datasync();
    } finally {
      await this.abandon(incoming);
    }
  }

  /** Removes a file and makes that durable. `false`: it was gone already. */
  async remove(relative: string): Promise<boolean> {
    const path = this.path(relative);
    try {
      const removed = await removeIfThere(this.fs, path);
      if (removed) await this.#folders.sync(dirname(path));
      return removed;
    } catch (error) {
      throw new ArchiveError('ARCHIVE_FAILED', `${basename(path)} could not be removed: ${toError(error).message}`, {
        cause: error,
      });
    }
  }

  /** Flushes the names in the folder of a file. */
  syncFolderOf(relative: string): Promise<void> {
    return this.#folders.sync(dirname(this.path(relative)));
  }
}

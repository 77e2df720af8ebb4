/**
 * Removes done-files. The rule: a done-file stays as long as what it speaks of lies in the watch folder, and goes just
 * before that leaves, so that the next file of the same name has to wait for a done-file of its own.
 */
import { basename, dirname, join } from 'node:path';
import { systemCode } from '../errors.js';
import type { FileStat, FileSystem } from '../files/file-system.js';
import { identityOf, sameIdentity } from '../files/identity.js';
import { comparable, relativeTo } from '../files/names.js';
import { removeVerified } from '../files/remove.js';
import type { ActiveFile } from './active-file.js';

/** Who relies on a done-file that is for all files of its folder. */
interface Shared {
  /** Files in hand that have not begun to leave. */
  here: Set<ActiveFile>;
  /** Paths of those that leave: they need it no longer. */
  leaving: Set<string>;
}

/** Knows which files are about to leave. */
export class DoneFiles {
  readonly #fs: FileSystem;
  /** Folders with one done-file for all, by its path. */
  readonly #shared = new Map<string, Shared>();

  constructor(fs: FileSystem) {
    this.#fs = fs;
  }

  /** A file was taken in hand. */
  arrived(file: ActiveFile): void {
    this.#sharedBy(file)?.here.add(file);
  }

  /** To be called before a source leaves its place in the watch folder, and again should that have failed. */
  async release(file: ActiveFile): Promise<void> {
    const doneFile = file.entry.readiness?.doneFile;
    if (!doneFile || file.location !== file.path) return;
    const path = doneFile.markerOf(file.path);
    if (doneFile.perFolder && (await this.#isNeeded(file, path))) return;
    const marker = await this.#stat(path);
    const source = await file.entry.unit.look(this.#fs, file.path, 0);
    // A source that is another by now has brought this done-file with it; it is looked at after the done-file for that.
    if (!marker?.isFile() || !source || !sameIdentity(file.record, source.identity)) return;
    await removeVerified(this.#fs, path, identityOf(marker), `${file.correlationId}.done`);
  }

  /** The pool has nothing more to do with a file. */
  forget(file: ActiveFile): void {
    const shared = this.#sharedBy(file);
    if (!shared) return;
    shared.here.delete(file);
    shared.leaving.delete(comparable(file.path));
    if (shared.here.size + shared.leaving.size === 0) this.#shared.delete(keyOf(file) ?? '');
  }

  /** Whether another file beside this one still relies on the folder's done-file. */
  async #isNeeded(file: ActiveFile, marker: string): Promise<boolean> {
    const shared = this.#sharedBy(file);
    if (!shared) return false;
    shared.here.delete(file);
    shared.leaving.add(comparable(file.path));
    if (shared.here.size > 0) return true;
    // The last one that is known of. There may be files that nobody has seen yet.
    const folder = dirname(file.path);
    const names = await this.#fs.readdir(folder);
    return names.some(name => {
      const path = join(folder, name);
      if (shared.leaving.has(comparable(path)) || name === basename(marker)) return false;
      return file.entry.refuses(relativeTo(file.record.root, path)) === undefined;
    });
  }

  #sharedBy(file: ActiveFile): Shared | undefined {
    const key = keyOf(file);
    if (key === undefined) return undefined;
    const shared = this.#shared.get(key) ?? { here: new Set(), leaving: new Set() };
    this.#shared.set(key, shared);
    return shared;
  }

  async #stat(path: string): Promise<FileStat | undefined> {
    try {
      return await this.#fs.stat(path);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
}

function keyOf({ entry, path }: ActiveFile): string | undefined {
  const doneFile = entry.readiness?.doneFile;
  return doneFile?.perFolder ? comparable(doneFile.markerOf(path)) : undefined;
}

/** Whether a watch folder is the one that it was: an empty mount point is not a folder whose files are all gone. */
import { join } from 'node:path';
import { MillraceError, systemCode } from '../errors.js';
import type { FileSystem } from '../files/file-system.js';
import { isInside } from '../files/names.js';
import { mountPointOf } from './mount-point.js';
import { requireFolder } from './scan.js';

interface Seen {
  dev: number;
  ino: number;
  mountPoint: string;
}

/** Remembers what a folder was, for as long as the process runs. */
export class RootGuard {
  readonly #fs: FileSystem;
  readonly #root: string;
  readonly #sentinel: string | undefined;
  #seen: Seen | undefined;

  constructor(fs: FileSystem, root: string, sentinel?: string) {
    this.#fs = fs;
    this.#root = root;
    this.#sentinel = sentinel;
  }

  /**
   * Looks at the folder.
   * @returns 'replaced' when another folder has its name since the last look, as after a volume was mounted again: a
   * native watch on the old one hears nothing of it.
   * @throws MillraceError `FOLDER_MISSING` when it is not there, or is only the place where its volume was mounted.
   */
  async look(): Promise<'same' | 'replaced'> {
    const { dev, ino } = await requireFolder(this.#fs, this.#root);
    await this.#requireSentinel();
    const mountPoint = await this.#mountPoint();
    const before = this.#seen;
    if (before && before.mountPoint !== mountPoint && isInside(mountPoint, before.mountPoint)) {
      throw new MillraceError(
        'FOLDER_MISSING',
        `${this.#root} is not mounted: the volume of ${before.mountPoint} is away`,
      );
    }
    this.#seen = { dev, ino, mountPoint };
    const same = !before || (before.dev === dev && before.ino === ino && before.mountPoint === mountPoint);
    return same ? 'same' : 'replaced';
  }

  async #requireSentinel(): Promise<void> {
    if (this.#sentinel === undefined) return;
    try {
      await this.#fs.stat(join(this.#root, this.#sentinel));
    } catch (cause) {
      const message = `${this.#root} is not the folder that is meant: its sentinel ${this.#sentinel} cannot be found`;
      throw new MillraceError('FOLDER_MISSING', message, { cause });
    }
  }

  async #mountPoint(): Promise<string> {
    try {
      return await mountPointOf(this.#fs, this.#root);
    } catch (cause) {
      const message = `${this.#root} cannot be reached: ${systemCode(cause) ?? String(cause)}`;
      throw new MillraceError('FOLDER_MISSING', message, { cause });
    }
  }
}

/** Folders in the archive: made with those above them, and made durable with one fsync for all who wait for it at the time. */
import { dirname } from 'node:path';
import { syncFolder } from '../../files/atomic-write.js';
import { type FileSystem, PRIVATE_FOLDER } from '../../files/file-system.js';

/** How many folders are remembered to be there. */
const MAX_KNOWN = 2_000;

export class FolderSync {
  readonly #fs: FileSystem;
  readonly #root: string;
  readonly #known = new Map<string, Promise<void>>();
  readonly #syncs = new Map<string, { current: Promise<void>; next: Promise<void> | undefined }>();

  /** @param root The archive's folder; it exists. */
  constructor(fs: FileSystem, root: string) {
    this.#fs = fs;
    this.#root = root;
  }

  /** The folder is there, durably, with all those above it up to the root. */
  make(folder: string): Promise<void> {
    let made = this.#known.get(folder);
    if (!made) {
      made = this.#make(folder);
      made.catch(() => this.#known.delete(folder));
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      this.#known.set(folder, made);
    }
    return made;
  }

  /** Names may be gone: folders are looked at anew. */
  forget(): void {
    this.#known.clear();
  }

  /** Makes the names in a folder durable that were there when it was called. */
  sync(folder: string): Promise<void> {
    const running = this.#syncs.get(folder);
    if (!running) return this.#start(folder);
    running.next ??= running.current.then(
      () => this.#start(folder),
      () => this.#start(folder),
    );
    return running.next;
  }

  #start(folder: string): Promise<void> {
    const current = syncFolder(this.#fs, folder);
    const entry: { current: Promise<void>; next: Promise<void> | undefined } = { current, next: undefined };
    this.#syncs.set(folder, entry);
    const end = (): void => {
      if (this.#syncs.get(folder) === entry && entry.next === undefined) this.#syncs.delete(folder);
    };
    current.then(end, end);
    return current;
  }

  async #make(folder: string): Promise<void> {
    await this.#fs.mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
    for (let path = folder; path !== this.#root && path !== dirname(path); path = dirname(path)) {
      await this.sync(dirname(path));
    }
  }
}

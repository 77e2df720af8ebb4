/** Folders in the archive: made with those above them, and made durable. */
import { dirname } from 'node:path';
import { type FileSystem, PRIVATE_FOLDER } from '../../files/file-system.js';
import { FolderSync } from '../../files/folder-sync.js';

/** How many folders are remembered to be there. */
const MAX_KNOWN = 2_000;

export class BlobFolders {
  readonly #fs: FileSystem;
  readonly #root: string;
  readonly #known = new Map<string, Promise<void>>();
  readonly #syncs = new Map<string, FolderSync>();

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
  async sync(folder: string): Promise<void> {
    let sync = this.#syncs.get(folder);
    if (!sync) {
      sync = new FolderSync(this.#fs, folder);
      this.#syncs.set(folder, sync);
    }
    try {
      await sync.done();
    } finally {
      // Of those that waited for it, the first may have let it go, and another may have its place.
      if (sync.idle && this.#syncs.get(folder) === sync) this.#syncs.delete(folder);
    }
  }

  async #make(folder: string): Promise<void> {
    await this.#fs.mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
    for (let path = folder; path !== this.#root && path !== dirname(path); path = dirname(path)) {
      await this.sync(dirname(path));
    }
  }
}

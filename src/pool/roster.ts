/** The files that the pool has in hand, each once, however many events and scans find it. */
import { comparable } from '../files/names.js';
import type { ActiveFile } from './active-file.js';

/** Found by path and by row. */
export class Roster {
  readonly #byPath = new Map<string, ActiveFile>();
  readonly #byId = new Map<number, ActiveFile>();

  get size(): number {
    return this.#byId.size;
  }

  add(file: ActiveFile): void {
    this.#byId.set(file.record.id, file);
    // A file that was taken out of the watch folder leaves its name to the next one.
    if (file.location !== file.path) return;
    this.#byPath.set(comparable(file.path), file);
    for (const path of file.parts) this.#byPath.set(comparable(path), file);
  }

  /** The file of which this is the path, or a companion. @param path Absolute. */
  at(path: string): ActiveFile | undefined {
    return this.#byPath.get(comparable(path));
  }

  get(id: number): ActiveFile | undefined {
    return this.#byId.get(id);
  }

  remove(file: ActiveFile): void {
    this.#byId.delete(file.record.id);
    this.freePath(file);
  }

  /** The file has left the watch folder and is still worked on. */
  freePath(file: ActiveFile): void {
    // Unless a later generation has the path by now.
    for (const path of [file.path, ...file.parts]) {
      const key = comparable(path);
      if (this.#byPath.get(key) === file) this.#byPath.delete(key);
    }
  }

  /** In the order in which they were added. */
  [Symbol.iterator](): IterableIterator<ActiveFile> {
    return this.#byId.values();
  }
}

/** Which files wait for which done-file, so that its coming is a look at these and not at all. */
import { comparable } from '../files/names.js';
import type { ActiveFile } from './active-file.js';

/** Files by the path of their done-file. */
export class MarkerIndex {
  readonly #files = new Map<string, Set<ActiveFile>>();

  add(file: ActiveFile): void {
    const key = keyOf(file);
    if (key !== undefined) this.#files.set(key, (this.#files.get(key) ?? new Set()).add(file));
  }

  remove(file: ActiveFile): void {
    const key = keyOf(file);
    const files = key === undefined ? undefined : this.#files.get(key);
    if (key === undefined || !files) return;
    files.delete(file);
    if (files.size === 0) this.#files.delete(key);
  }

  /** @param path Absolute. */
  waitingFor(path: string): ActiveFile[] {
    return [...(this.#files.get(comparable(path)) ?? [])];
  }
}

function keyOf({ entry, location }: ActiveFile): string | undefined {
  const marker = entry.readiness?.doneFile?.markerOf(location);
  return marker === undefined ? undefined : comparable(marker);
}

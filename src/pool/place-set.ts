/** Many places in little memory: 8 bytes each, whatever the length of their paths. */
import { pathKey } from '../ledger/report-id.js';

/** Filled first, asked afterwards. Two of 2^48 places may be taken for one another. */
export class PlaceSet {
  readonly #keys: number[] = [];
  #sorted: Float64Array | undefined;

  /** @param path Absolute. */
  add(path: string): void {
    this.#keys.push(pathKey('', path));
    this.#sorted = undefined;
  }

  has(path: string): boolean {
    this.#sorted ??= Float64Array.from(this.#keys).sort();
    const keys = this.#sorted;
    const wanted = pathKey('', path);
    let [from, to] = [0, keys.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((keys[middle] as number) < wanted) from = middle + 1;
      else to = middle;
    }
    return keys[from] === wanted;
  }
}

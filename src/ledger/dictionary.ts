/** Small numbers for long texts that stand in many rows: watch folders, converters. */

/** Maps tuples of texts to ids, and stores each tuple the first time that its id is asked for. */
export class Dictionary {
  readonly #ids = new Map<string, number>();
  readonly #store: (row: readonly (string | number)[]) => void;
  #last = 0;

  /** @param store Called with the id and the texts of each new tuple. */
  constructor(store: (row: readonly (string | number)[]) => void) {
    this.#store = store;
  }

  load(id: number, texts: readonly string[]): void {
    this.#ids.set(JSON.stringify(texts), id);
    this.#last = Math.max(this.#last, id);
  }

  /** Ids up to this one stand in rows, whether or not anybody still knows for what: none of them is given again. */
  reserve(id: number): void {
    this.#last = Math.max(this.#last, id);
  }

  /** Every tuple, in the order of its id. */
  get all(): readonly string[][] {
    return [...this.#ids.keys()].map(key => JSON.parse(key) as string[]);
  }

  /** Stores every tuple once more. */
  tellAgain(): void {
    for (const [key, id] of this.#ids) this.#store([id, ...(JSON.parse(key) as string[])]);
  }

  idOf(texts: readonly string[]): number {
    const key = JSON.stringify(texts);
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = ++this.#last;
      this.#ids.set(key, id);
      this.#store([id, ...texts]);
    }
    return id;
  }
}

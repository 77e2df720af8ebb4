/** Gives each entry its row number, and finds the number of an id, without asking the database twice for one millisecond. */
import { firstRow, isTimeInRange, ROWS_PER_MS, timeOfRow } from '../archive-id.js';

/** What is known of the rows of one millisecond. */
interface Bucket {
  /** The next place that is free. */
  next: number;
  /** The rows that are in the catalog, by the digits of their id. */
  rows: Map<string, number>;
}

/** A place in the catalog for one entry. */
export interface Place {
  at: number;
  row: number;
}

/** How many milliseconds are remembered. */
const MAX_BUCKETS = 10_000;

export class RowNumbers {
  readonly #buckets = new Map<number, Promise<Bucket>>();
  readonly #load: (first: number, end: number) => Promise<{ id: number; key: string }[]>;
  /** The last millisecond of which a place was given. */
  #newest = Number.NEGATIVE_INFINITY;
  /** The catalog has no rows after this millisecond but those that are remembered. */
  #askUpTo = Number.POSITIVE_INFINITY;

  /** @param load The rows from `first` to before `end`. */
  constructor(load: (first: number, end: number) => Promise<{ id: number; key: string }[]>) {
    this.#load = load;
  }

  /** Forgets everything. @param newest The highest row in the catalog; nothing where it is empty. */
  startAnew(newest: number | undefined): void {
    this.#buckets.clear();
    // Rows may have been added since it was looked at.
    this.#askUpTo = Math.max(this.#newest, newest === undefined ? Number.NEGATIVE_INFINITY : timeOfRow(newest));
  }

  /** The row of an id; `undefined` when there is none. */
  async find(at: number, key: string): Promise<number | undefined> {
    return (await this.#bucket(at)).rows.get(key);
  }

  /** A free place at this time, or in the next millisecond when 4,096 entries have this one. */
  async reserve(at: number): Promise<Place> {
    for (let ms = at; isTimeInRange(ms); ms += 1) {
      const bucket = await this.#bucket(ms);
      if (bucket.next >= ROWS_PER_MS) continue;
      this.#newest = Math.max(this.#newest, ms);
      return { at: ms, row: firstRow(ms) + bucket.next++ };
    }
    throw new RangeError('there is no time left');
  }

  /** Nothing is in this place, and it lies within its millisecond. */
  async isFree({ at, row }: Place): Promise<boolean> {
    const first = firstRow(at);
    return row >= first && row < first + ROWS_PER_MS && ![...(await this.#bucket(at)).rows.values()].includes(row);
  }

  /** This row was written: also where its place was not given here. */
  written(row: number): void {
    const at = timeOfRow(row);
    this.#newest = Math.max(this.#newest, at);
    if (!this.#buckets.has(at)) this.#askUpTo = Math.max(this.#askUpTo, at);
  }

  /** The entry is in the catalog now. */
  async taken({ at, row }: Place, key: string): Promise<void> {
    const bucket = await this.#bucket(at);
    this.#newest = Math.max(this.#newest, at);
    bucket.rows.set(key, row);
    bucket.next = Math.max(bucket.next, row - firstRow(at) + 1);
  }

  #bucket(at: number): Promise<Bucket> {
    let bucket = this.#buckets.get(at);
    if (bucket !== undefined) {
      // Used last: it is forgotten last.
      this.#buckets.delete(at);
    } else {
      bucket = this.#read(at);
      bucket.catch(() => this.#buckets.delete(at));
      const [oldest] = this.#buckets.keys();
      if (this.#buckets.size >= MAX_BUCKETS && oldest !== undefined) {
        this.#buckets.delete(oldest);
        // Nothing is in one that was only asked for.
        if (oldest <= this.#newest) this.#askUpTo = Math.max(this.#askUpTo, oldest);
      }
    }
    this.#buckets.set(at, bucket);
    return bucket;
  }

  async #read(at: number): Promise<Bucket> {
    if (at > this.#askUpTo) return { next: 0, rows: new Map() };
    const first = firstRow(at);
    const rows = await this.#load(first, first + ROWS_PER_MS);
    const last = rows.at(-1);
    return { next: last ? last.id - first + 1 : 0, rows: new Map(rows.map(({ id, key }) => [key, id])) };
  }
}

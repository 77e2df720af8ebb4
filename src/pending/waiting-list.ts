/**
 * Which report goes next: by priority, then by age, those in backoff when they are due. Heaps, so that each step costs
 * the same with a hundred thousand waiting; entries that were removed are skipped when they surface.
 */
import TinyQueue from 'tinyqueue';
import type { Item } from './item.js';

/** Whether the backlog is sent in its order or the other way round (within a priority). */
export type DrainOrder = 'oldest-first' | 'newest-first';

/** Dead entries below this number are not worth a clean-up. */
const COMPACT_ABOVE = 1_000;

export class WaitingList {
  readonly #alive = new Set<Item>();
  readonly #fresh: TinyQueue<Item>;
  readonly #retries: TinyQueue<Item>;
  readonly #delayed = new TinyQueue<Item>([], (a, b) => a.notBefore - b.notBefore);

  constructor(order: DrainOrder) {
    const sign = order === 'oldest-first' ? 1 : -1;
    const compare = (a: Item, b: Item) =>
      b.priority - a.priority || sign * (a.enqueuedAt - b.enqueuedAt || a.seq - b.seq);
    this.#compare = compare;
    this.#fresh = new TinyQueue<Item>([], compare);
    this.#retries = new TinyQueue<Item>([], compare);
  }

  readonly #compare: (a: Item, b: Item) => number;

  /** How many wait, due or not. */
  get size(): number {
    return this.#alive.size;
  }

  add(item: Item, now: number): void {
    this.#alive.add(item);
    if (item.notBefore > now) this.#delayed.push(item);
    else this.#ready(item);
  }

  /** Takes an item out of its turn. */
  remove(item: Item): void {
    if (!this.#alive.delete(item)) return;
    for (const heap of [this.#fresh, this.#retries, this.#delayed]) this.#compact(heap);
  }

  /** The next that may be sent now; `retries` says whether one that has failed before may be. */
  take(now: number, retries: boolean): Item | undefined {
    const heap = this.#best(now, retries);
    const item = heap?.pop();
    if (item) this.#alive.delete(item);
    return item;
  }

  /** The one whose backoff ends first, before it does: for a probe, when nothing else is there to ask with. */
  takeInBackoff(): Item | undefined {
    const item = this.#head(this.#delayed);
    if (!item) return undefined;
    this.#delayed.pop();
    this.#alive.delete(item);
    return item;
  }

  /** Something may be sent now; `retries` says whether what has failed before may be. */
  hasReady(now: number, retries: boolean): boolean {
    return this.#best(now, retries) !== undefined;
  }

  /** Ms until the next in backoff is due; `undefined` when none is in backoff. */
  nextDueInMs(now: number): number | undefined {
    const head = this.#head(this.#delayed);
    return head && Math.max(0, head.notBefore - now);
  }

  /** Ends every backoff. */
  makeAllDue(): void {
    for (let item = this.#delayed.pop(); item; item = this.#delayed.pop()) {
      if (!this.#alive.has(item)) continue;
      item.notBefore = 0;
      this.#ready(item);
    }
  }

  #best(now: number, retries: boolean): TinyQueue<Item> | undefined {
    this.#release(now);
    const fresh = this.#head(this.#fresh);
    const retry = retries ? this.#head(this.#retries) : undefined;
    if (fresh && retry) return this.#compare(fresh, retry) <= 0 ? this.#fresh : this.#retries;
    return fresh ? this.#fresh : retry && this.#retries;
  }

  #release(now: number): void {
    for (let head = this.#head(this.#delayed); head && head.notBefore <= now; head = this.#head(this.#delayed)) {
      this.#delayed.pop();
      this.#ready(head);
    }
  }

  #ready(item: Item): void {
    (item.attempts > 0 ? this.#retries : this.#fresh).push(item);
  }

  #head(heap: TinyQueue<Item>): Item | undefined {
    let head = heap.peek();
    while (head && !this.#alive.has(head)) {
      heap.pop();
      head = heap.peek();
    }
    return head;
  }

  #compact(heap: TinyQueue<Item>): void {
    if (heap.length <= COMPACT_ABOVE + 2 * this.#alive.size) return;
    const items = heap.data.filter(item => this.#alive.has(item));
    heap.data = [];
    heap.length = 0;
    for (const item of items) heap.push(item);
  }
}

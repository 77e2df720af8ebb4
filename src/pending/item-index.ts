/** Every report that the queue holds, by id, with the counts that follow from it. No step scans the others. */
import TinyQueue from 'tinyqueue';
import { contentKeyOf } from './content-id.js';
import type { Item, ItemChange } from './item.js';
import type { ItemState } from './item-name.js';
import { type DrainOrder, WaitingList } from './waiting-list.js';

/** Dead entries below this number are not worth a clean-up. */
const COMPACT_ABOVE = 1_000;

export interface IndexOptions {
  drain: DrainOrder;
  /** Ms of the monotonic clock. */
  monotonic: () => number;
  /** Called after every change of the counts. */
  onChange: () => void;
}

export class ItemIndex {
  readonly waiting: WaitingList;
  readonly counts: Record<ItemState, number> = { queued: 0, processing: 0, error: 0, completed: 0 };
  /** Bytes of the reports that wait. */
  bytes = 0;
  readonly #options: IndexOptions;
  readonly #byId = new Map<string, Item>();
  readonly #byContent = new Map<string, Item>();
  readonly #byAge = new TinyQueue<Item>([], (a, b) => a.enqueuedAt - b.enqueuedAt);

  constructor(options: IndexOptions) {
    this.#options = options;
    this.waiting = new WaitingList(options.drain);
  }

  /** How many reports are not delivered yet (and not given up). */
  get size(): number {
    return this.counts.queued + this.counts.processing;
  }

  get(id: string): Item | undefined {
    return this.#byId.get(id);
  }

  /** The report that waits with the same content as a new one that was given this id. */
  sameContent(id: string): Item | undefined {
    const key = contentKeyOf(id);
    return key === undefined ? undefined : this.#byContent.get(key);
  }

  all(): Iterable<Item> {
    return this.#byId.values();
  }

  /** Holds a report; one that is held under the same id gives way. */
  add(item: Item): void {
    const known = this.#byId.get(item.id);
    if (known) this.remove(known);
    this.#byId.set(item.id, item);
    this.#enter(item);
    this.#options.onChange();
  }

  /** Forgets everything, before the folder is read anew. */
  clear(): void {
    for (const item of [...this.#byId.values()]) this.remove(item);
  }

  remove(item: Item): void {
    if (this.#byId.get(item.id) !== item) return;
    this.#leave(item);
    this.#byId.delete(item.id);
    this.#options.onChange();
  }

  /** Changes an item and keeps counts and order right. */
  update(item: Item, change: ItemChange): void {
    const held = this.#byId.get(item.id) === item;
    if (held) this.#leave(item);
    Object.assign(item, { unsettled: false, notBefore: 0 }, change);
    if (!held) return;
    this.#enter(item);
    this.#options.onChange();
  }

  /** To be told when the size of an item became known. */
  sized(item: Item, bytes: number): void {
    if (item.bytes === -1 && this.#waits(item)) this.bytes += bytes;
    item.bytes = bytes;
  }

  /** The oldest report that waits. */
  oldest(): Item | undefined {
    let head = this.#byAge.peek();
    while (head && !this.#waits(head)) {
      this.#byAge.pop();
      head = this.#byAge.peek();
    }
    return head;
  }

  #enter(item: Item): void {
    this.counts[item.state] += 1;
    if (!isOpen(item)) return;
    this.bytes += Math.max(0, item.bytes);
    const key = contentKeyOf(item.id);
    if (key !== undefined) this.#byContent.set(key, item);
    if (item.state === 'queued') {
      this.waiting.add(item, this.#options.monotonic());
      this.#age(item);
    }
  }

  #leave(item: Item): void {
    this.counts[item.state] -= 1;
    if (!isOpen(item)) return;
    this.bytes -= Math.max(0, item.bytes);
    const key = contentKeyOf(item.id);
    if (key !== undefined && this.#byContent.get(key) === item) this.#byContent.delete(key);
    this.waiting.remove(item);
  }

  /** An item that comes back after a failure is in the heap twice; the second entry is dead once the first is. */
  #age(item: Item): void {
    this.#byAge.push(item);
    if (this.#byAge.length <= COMPACT_ABOVE + 2 * this.size) return;
    const open = [...new Set(this.#byAge.data.filter(entry => this.#waits(entry)))];
    this.#byAge.data = [];
    this.#byAge.length = 0;
    for (const entry of open) this.#byAge.push(entry);
  }

  #waits(item: Item): boolean {
    return this.#byId.get(item.id) === item && isOpen(item);
  }
}

function isOpen(item: Item): boolean {
  return item.state === 'queued' || item.state === 'processing';
}

/** Who goes next: highest priority first, first come first served within one, and nobody waits for ever. */

/** Something that waits for a worker. */
export interface Waiting {
  /** From 1 to 10; 10 goes first. */
  priority: number;
  /** Since when it waits, monotonic ms. */
  queuedAt: number;
}

/**
 * One step of priority is worth so much waiting: priority 1 goes before a 10 that came 4.5 minutes later. Long enough
 * that a burst does not blur priorities, short enough that a night's import is done by the morning.
 */
const AGEING_MS_PER_STEP = 30_000;

/**
 * Lanes of waiting items, one for each lane key (the converter). An item's turn is decided when a worker is free.
 *
 * Since all items age alike, their order never changes while they wait: an item's rank is its arrival, moved ahead by
 * its priority. Each lane is in that order by itself, so the next item is the best of the lanes' heads.
 */
export class Schedule<T extends Waiting> {
  readonly #lanes = new Map<string, Lane<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  put(laneKey: string, item: T): void {
    // A lane is in rank order as long as its items have one priority; each priority has its own.
    const key = `${item.priority} ${laneKey}`;
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = new Lane();
      this.#lanes.set(key, lane);
    }
    lane.push(item);
    this.#size += 1;
  }

  /** Takes the item whose turn it is, from the lanes that `open` lets through. */
  take(open: (head: T) => boolean): T | undefined {
    let best: Lane<T> | undefined;
    for (const lane of this.#lanes.values()) {
      const head = lane.head;
      if (head && (!best?.head || rank(head) < rank(best.head)) && open(head)) best = lane;
    }
    if (!best) return undefined;
    this.#size -= 1;
    return best.shift();
  }

  /** Those that would be taken next as things are now, without taking them. */
  upcoming(count: number, open: (head: T) => boolean): T[] {
    const lanes = [...this.#lanes.values()].filter(({ head }) => head && open(head));
    const firsts = lanes.flatMap(lane => lane.first(count));
    return firsts.sort((a, b) => rank(a) - rank(b)).slice(0, count);
  }

  /** Takes out what `wanted` chooses, whoever's turn it is. Costs a walk over all of it. */
  withdraw(wanted: (item: T) => boolean): T[] {
    const taken: T[] = [];
    for (const [key, lane] of this.#lanes) {
      taken.push(...lane.withdraw(wanted));
      if (!lane.head) this.#lanes.delete(key);
    }
    this.#size -= taken.length;
    return taken;
  }

  /** Takes everything out. */
  clear(): void {
    this.#lanes.clear();
    this.#size = 0;
  }
}

function rank(item: Waiting): number {
  return item.queuedAt - item.priority * AGEING_MS_PER_STEP;
}

/** A queue whose `shift` costs the same however long it is. */
class Lane<T> {
  #items: (T | undefined)[] = [];
  #first = 0;

  get head(): T | undefined {
    return this.#items[this.#first];
  }

  first(count: number): T[] {
    return this.#items.slice(this.#first, this.#first + count) as T[];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  withdraw(wanted: (item: T) => boolean): T[] {
    const all = this.#items.slice(this.#first) as T[];
    this.#items = all.filter(item => !wanted(item));
    this.#first = 0;
    return all.filter(wanted);
  }

  shift(): T | undefined {
    const item = this.#items[this.#first];
    this.#items[this.#first++] = undefined;
    // Cut off what is done once it is half of the array: constant cost over all, and no memory kept.
    if (this.#first > 1024 && this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    } else if (this.#first === this.#items.length) {
      this.#items = [];
      this.#first = 0;
    }
    return item;
  }
}

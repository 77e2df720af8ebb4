/** Things to do later: one timer for all of them. */
import TinyQueue from 'tinyqueue';
import type { Clock, Timer } from '../clock.js';

interface Due<T> {
  item: T;
  dueAt: number;
}

/** Longest delay that a Node timer takes. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Calls `onDue` with each item when its time has come. Its timer keeps no process alive. */
export class Later<T> {
  readonly #clock: Clock;
  readonly #onDue: (item: T) => void;
  readonly #queue = new TinyQueue<Due<T>>([], (a, b) => a.dueAt - b.dueAt);
  #timer: Timer | undefined;
  /** When the timer ends. */
  #timerAt = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(clock: Clock, onDue: (item: T) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#queue.length;
  }

  put(item: T, delayMs: number): void {
    if (this.#closed) return;
    this.#queue.push({ item, dueAt: this.#clock.monotonic() + delayMs });
    this.#schedule();
  }

  /** Everything is due now. */
  hurry(): void {
    this.#fire(Number.POSITIVE_INFINITY);
  }

  /** Takes out what `wanted` chooses. */
  withdraw(wanted: (item: T) => boolean): T[] {
    const all: Due<T>[] = [];
    for (let next = this.#queue.pop(); next; next = this.#queue.pop()) all.push(next);
    for (const due of all) if (!wanted(due.item)) this.#queue.push(due);
    this.#schedule();
    return all.filter(due => wanted(due.item)).map(due => due.item);
  }

  /** Forgets everything, also what is put in after this. */
  close(): void {
    this.#closed = true;
    this.#cancel();
    while (this.#queue.length > 0) this.#queue.pop();
  }

  #fire(now: number): void {
    this.#cancel();
    const due: T[] = [];
    for (let next = this.#queue.peek(); next && next.dueAt <= now; next = this.#queue.peek()) {
      this.#queue.pop();
      due.push(next.item);
    }
    for (const item of due) this.#onDue(item);
    this.#schedule();
  }

  #schedule(): void {
    const next = this.#queue.peek();
    if (next && this.#timerAt <= next.dueAt) return;
    this.#cancel();
    if (!next) return;
    this.#timerAt = next.dueAt;
    const delayMs = Math.min(MAX_DELAY_MS, Math.max(0, next.dueAt - this.#clock.monotonic()));
    this.#timer = this.#clock.setTimeout(() => this.#fire(this.#clock.monotonic()), delayMs);
    this.#timer.unref();
  }

  #cancel(): void {
    if (this.#timer) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }
}

/** Holds files back until they rest: one timer for all of them, and one look at each when its window is over. */
import type { Clock, Timer } from '../clock.js';
import type { FileSystem } from '../files/file-system.js';
import { type FileIdentity, sameIdentity } from '../files/identity.js';
import { type Look, lookAtFile } from './look.js';

/** A file that is waited for. */
interface Growing<T> {
  file: T;
  path: string;
  identity: FileIdentity;
  /** Since when nothing was seen to happen to it, monotonic ms. */
  quietSince: number;
}

/** What a gate is made with. */
export interface StabilityGateOptions<T> {
  fs: FileSystem;
  clock: Clock;
  /** How long size, mtime and events must rest, in ms. */
  windowMs: number;
  /** Looks at a file; `undefined` when it is not there. Default: {@link lookAtFile}. */
  look?: (path: string, file: T) => Promise<Look | undefined>;
  /** The file rests. */
  onReady: (file: T, identity: FileIdentity) => void;
  /** It has changed, and its window starts anew. */
  onChanged?: (file: T) => void;
  /** It is gone. */
  onVanished: (file: T) => void;
}

const LOOKS_AT_ONCE = 64;

/**
 * A file passes when for a whole window neither its size nor its mtime nor any event has moved. Size alone would be
 * fooled by writers that reserve the whole file first.
 */
export class StabilityGate<T> {
  readonly #options: StabilityGateOptions<T>;
  /** In the order in which their windows end: every change puts a file at the end again. */
  readonly #growing = new Map<string, Growing<T>>();
  #timer: Timer | undefined;
  #looking = false;

  constructor(options: StabilityGateOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#growing.size;
  }

  /** Starts to wait for a file that looks like this now. */
  add(path: string, file: T, identity: FileIdentity): void {
    this.#put({ path, file, identity, quietSince: this.#options.clock.monotonic() });
  }

  /** An event for this path: its window starts anew. @returns Whether the file is waited for here. */
  touch(path: string): boolean {
    const growing = this.#growing.get(path);
    if (growing) this.#postpone(growing, growing.identity);
    return growing !== undefined;
  }

  /** Takes files out by what they are; they are not waited for any more. */
  withdraw(wanted: (file: T) => boolean): T[] {
    const taken = [...this.#growing.values()].filter(growing => wanted(growing.file));
    for (const { path } of taken) this.#growing.delete(path);
    return taken.map(({ file }) => file);
  }

  /** When a file was last seen to change, in ms ago; `undefined` when it is not waited for here. */
  quietForMs(path: string): number | undefined {
    const growing = this.#growing.get(path);
    return growing && this.#options.clock.monotonic() - growing.quietSince;
  }

  close(): void {
    if (this.#timer) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#growing.clear();
  }

  #postpone(growing: Growing<T>, identity: FileIdentity): void {
    this.#put({ ...growing, identity, quietSince: this.#options.clock.monotonic() });
    this.#options.onChanged?.(growing.file);
  }

  #put(growing: Growing<T>): void {
    this.#growing.delete(growing.path);
    this.#growing.set(growing.path, growing);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer || this.#looking) return;
    const next = this.#growing.values().next().value;
    if (!next) return;
    const { clock, windowMs } = this.#options;
    const delayMs = Math.max(1, next.quietSince + windowMs - clock.monotonic());
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined;
      void this.#look();
    }, delayMs);
  }

  async #look(): Promise<void> {
    this.#looking = true;
    for (let due = this.#due(); due.length > 0; due = this.#due()) {
      const looks = due.map(one => this.#lookAt(one));
      // Whoever waited first is told first, whichever look is quicker: a backlog keeps its order.
      for (const [index, one] of due.entries()) this.#settle(one, await looks[index]);
    }
    this.#looking = false;
    this.#schedule();
  }

  #due(): Growing<T>[] {
    const { clock, windowMs } = this.#options;
    const due: Growing<T>[] = [];
    for (const growing of this.#growing.values()) {
      if (growing.quietSince + windowMs > clock.monotonic() || due.length === LOOKS_AT_ONCE) break;
      due.push(growing);
    }
    return due;
  }

  /** `'unknown'` when nobody can tell for a moment, as on a share that hiccups. */
  async #lookAt({ path, file }: Growing<T>): Promise<Look | 'unknown' | undefined> {
    const { fs } = this.#options;
    try {
      return await (this.#options.look?.(path, file) ?? lookAtFile(fs, path));
    } catch {
      // Another look tells.
      return 'unknown';
    }
  }

  #settle(growing: Growing<T>, look: Look | 'unknown' | undefined): void {
    const { onReady, onVanished } = this.#options;
    const { path, file } = growing;
    // Touched or closed while the disk was asked.
    if (this.#growing.get(path) !== growing) return;
    if (!look) {
      this.#growing.delete(path);
      onVanished(file);
    } else if (look !== 'unknown' && sameIdentity(growing.identity, look.identity)) {
      this.#growing.delete(path);
      onReady(file, growing.identity);
    } else {
      // It has changed, or may have: wait for another window.
      this.#postpone(growing, look === 'unknown' ? growing.identity : look.identity);
    }
  }
}

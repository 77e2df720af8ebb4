/** Reads files: when their turn has come, and small ones a little before, so that a free worker has the next one at once. */
import type { Timer } from '../clock.js';
import type { HeldSource } from '../converters/held-source.js';
import { type ActiveFile, waitedMs } from './active-file.js';
import type { Archivist } from './archivist.js';
import type { PoolContext } from './pool-context.js';
import { singleFile } from './units/single-file.js';

/** Of so many bytes at most. */
const MAX_AHEAD_BYTES = 64 * 1024;
/**
 * Files that have just been taken are claimed first: what is read meanwhile would make them wait. While they are taken one
 * upon the other, nobody would wait for a file that is read ahead.
 */
const AHEAD_DELAY_MS = 2;
/** What was read longer ago is read again: whoever writes to the file has had time to, and a turn that takes so long does not feel it. */
const MAX_AHEAD_MS = 1_000;

interface ReadBefore {
  /** Nothing where it could not be read; its own turn finds out why. */
  source: Promise<HeldSource | undefined>;
  at: number;
}

/** One object serves all of a pool. */
export class Reader {
  readonly #context: PoolContext;
  readonly #archivist: Archivist;
  readonly #upcoming: () => readonly ActiveFile[];
  readonly #limit: number;
  readonly #before = new Map<ActiveFile, ReadBefore>();
  #timer: Timer | undefined;
  /** When that was so for the last time, monotonic ms. */
  #changedAt = 0;
  #closed = false;

  /**
   * @param upcoming The files whose turn comes next, as things are now; it may come later, or never.
   * @param workers How many there are.
   */
  constructor(context: PoolContext, archivist: Archivist, upcoming: () => readonly ActiveFile[], workers: number) {
    this.#context = context;
    this.#archivist = archivist;
    this.#upcoming = upcoming;
    // For each worker the file whose turn has just come, and its next one.
    this.#limit = 2 * workers;
  }

  /** The content of a file whose turn has come. @throws As `UnitKind.read`. */
  async read(file: ActiveFile): Promise<HeldSource> {
    return (await this.#readBefore(file)) ?? (await this.#read(file));
  }

  /** To be called when what the workers have or what waits for them has changed. What comes next is read once neither has for a moment. */
  lookAhead(): void {
    this.#changedAt = this.#context.clock.monotonic();
    this.#wait(AHEAD_DELAY_MS);
  }

  /** Lets go of what was read of files that wait no more. */
  forget(files: readonly ActiveFile[]): void {
    for (const file of files) void this.#drop(file);
  }

  /** Resolves when nothing is read before its turn any more, or when the pool has to stop at once: a read may hang. */
  async close(): Promise<void> {
    const { clock, signal } = this.#context;
    this.#closed = true;
    if (this.#timer) clock.clearTimeout(this.#timer);
    const dropped = Promise.all([...this.#before.keys()].map(file => this.#drop(file)));
    const aborted = new Promise<void>(resolve => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([dropped, aborted]);
  }

  #read(file: ActiveFile): Promise<HeldSource> {
    const { fs, clock } = this.#context;
    const { path, location, record, entry } = file;
    const copyTo = this.#archivist.copyTo(entry);
    return entry.unit.read(fs, { path, location, waitedMs: waitedMs(clock, file), copyTo, seen: record });
  }

  #wait(delayMs: number): void {
    this.#timer ??= this.#context.clock.setTimeout(() => this.#ahead(), delayMs);
  }

  #ahead(): void {
    this.#timer = undefined;
    if (this.#closed) return;
    const at = this.#context.clock.monotonic();
    const early = this.#changedAt + AHEAD_DELAY_MS - at;
    if (early > 0) {
      this.#wait(early);
      return;
    }
    for (const file of this.#upcoming()) {
      if (this.#before.has(file) || !mayBeRead(file)) continue;
      if (this.#before.size >= this.#limit) this.#dropOld(at);
      if (this.#before.size >= this.#limit) return;
      this.#before.set(file, { source: this.#readSmall(file).catch(() => undefined), at });
    }
  }

  /** @returns Nothing when it has grown since it was seen: what is held stays small. */
  async #readSmall(file: ActiveFile): Promise<HeldSource | undefined> {
    const source = await this.#read(file);
    if (source.size <= MAX_AHEAD_BYTES) return source;
    source.release();
    return undefined;
  }

  async #readBefore(file: ActiveFile): Promise<HeldSource | undefined> {
    const before = this.#before.get(file);
    if (!before) return undefined;
    if (file.heardOf || this.#isOld(before, this.#context.clock.monotonic())) {
      // Not waited for: it may hang.
      void this.#drop(file);
      return undefined;
    }
    this.#before.delete(file);
    return before.source;
  }

  #isOld({ at }: ReadBefore, now: number): boolean {
    return now - at > MAX_AHEAD_MS;
  }

  #dropOld(now: number): void {
    for (const [file, before] of this.#before) if (this.#isOld(before, now)) void this.#drop(file);
  }

  async #drop(file: ActiveFile): Promise<void> {
    const before = this.#before.get(file);
    this.#before.delete(file);
    (await before?.source)?.release();
  }
}

/** What several files are made of may still come together, and an event may have told of something new. */
function mayBeRead({ entry, record, heardOf, suspect }: ActiveFile): boolean {
  return entry.unit === singleFile && record.size <= MAX_AHEAD_BYTES && !heardOf && !suspect;
}

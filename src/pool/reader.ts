/** Reads files: when their turn has come, and small ones a little before, so that a free worker has the next one at once. */
import type { HeldSource } from '../converters/held-source.js';
import { type ActiveFile, waitedMs } from './active-file.js';
import type { Archivist } from './archivist.js';
import type { PoolContext } from './pool-context.js';
import { singleFile } from './units/single-file.js';

/** Of so many bytes at most; as many are held as there are workers. */
const MAX_AHEAD_BYTES = 64 * 1024;
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
  readonly #limit: number;
  readonly #before = new Map<ActiveFile, ReadBefore>();
  #closed = false;

  /** @param limit How many are read before their turn, at most. */
  constructor(context: PoolContext, archivist: Archivist, limit: number) {
    this.#context = context;
    this.#archivist = archivist;
    this.#limit = limit;
  }

  /** The content of a file whose turn has come. @throws As `UnitKind.read`. */
  async read(file: ActiveFile): Promise<HeldSource> {
    return (await this.#taken(file)) ?? (await this.#read(file));
  }

  /** Begins to read files whose turn comes next. It may come later than was thought, or never. */
  ahead(files: readonly ActiveFile[]): void {
    const at = this.#context.clock.monotonic();
    for (const file of files) {
      if (this.#closed || this.#before.has(file) || !mayBeRead(file)) continue;
      if (this.#before.size >= this.#limit) this.#dropOld(at);
      if (this.#before.size >= this.#limit) return;
      this.#before.set(file, { source: this.#read(file).catch(() => undefined), at });
    }
  }

  /** Resolves when nothing is read before its turn any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#before.keys()].map(file => this.#drop(file)));
  }

  #read(file: ActiveFile): Promise<HeldSource> {
    const { fs, clock } = this.#context;
    const { path, location, record, entry } = file;
    const copyTo = this.#archivist.copyTo(entry);
    return entry.unit.read(fs, { path, location, waitedMs: waitedMs(clock, file), copyTo, seen: record });
  }

  async #taken(file: ActiveFile): Promise<HeldSource | undefined> {
    const before = this.#before.get(file);
    if (!before) return undefined;
    if (file.heardOf || this.#isOld(before, this.#context.clock.monotonic())) return this.#drop(file);
    this.#before.delete(file);
    return before.source;
  }

  #isOld({ at }: ReadBefore, now: number): boolean {
    return now - at > MAX_AHEAD_MS;
  }

  #dropOld(now: number): void {
    for (const [file, before] of this.#before) if (this.#isOld(before, now)) void this.#drop(file);
  }

  async #drop(file: ActiveFile): Promise<undefined> {
    const before = this.#before.get(file);
    this.#before.delete(file);
    (await before?.source)?.release();
  }
}

/** What several files are made of may still come together, and an event may have told of something new. */
function mayBeRead({ entry, record, heardOf, suspect }: ActiveFile): boolean {
  return entry.unit === singleFile && record.size <= MAX_AHEAD_BYTES && !heardOf && !suspect;
}

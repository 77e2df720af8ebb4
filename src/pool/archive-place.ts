/** One archive as the pool has it: whether it can be written, what is owed to it, and who looks for it while it is away. */
import type { ArchiveStorage } from '../archive/index.js';
import { internalsOf } from '../archive/internals.js';
import type { Clock, Timer } from '../clock.js';
import { ArchiveError, type MillraceError, toError } from '../errors.js';

/** What an {@link ArchivePlace} works with. */
export interface ArchivePlaceOptions {
  clock: Clock;
  probeIntervalMs: number;
  onAway: (place: ArchivePlace, error: Error) => void;
  onBack: (place: ArchivePlace) => void;
  /** Something that is owed will not be kept. */
  onLost: (error: Error) => void;
}

/** A dead share can hang for minutes; nobody waits longer than this for an answer, and 1 s for each MB. */
const PATIENCE_MS = 60_000;
const PATIENCE_PER_MB_MS = 1_000;
/** So many outcomes and reports are remembered while the archive is away. */
const MAX_OWED = 1_000;
/** These are about one source, and say nothing about the archive. */
const OF_THE_SOURCE: ReadonlySet<string> = new Set([
  'SOURCE_CHANGED',
  'ARCHIVE_UNKNOWN',
  'ARCHIVE_PURGED',
  'INTEGRITY',
]);

export class ArchivePlace {
  readonly storage: ArchiveStorage;
  readonly #options: ArchivePlaceOptions;
  #owed: (() => Promise<void>)[] = [];
  #away: Error | undefined;
  #timer: Timer | undefined;
  #closed = false;

  constructor(storage: ArchiveStorage, options: ArchivePlaceOptions) {
    this.storage = storage;
    this.#options = options;
  }

  /** Why it cannot be written, while it cannot. */
  get away(): Error | undefined {
    return this.#away;
  }

  /** Runs `work` on the archive. What it throws, or that it takes too long, makes the archive count as away. @param bytes How much it writes. */
  async run<T>(work: (storage: ArchiveStorage) => Promise<T>, bytes = 0): Promise<T> {
    const { clock } = this.#options;
    const patienceMs = PATIENCE_MS + (bytes / 1e6) * PATIENCE_PER_MB_MS;
    let timer: Timer | undefined;
    const timeout = new Promise<never>((_, reject) => {
      const expire = (): void => {
        const message = `${this.storage.directory} gave no answer within ${patienceMs} ms`;
        reject(new ArchiveError('ARCHIVE_FAILED', message));
      };
      timer = clock.setTimeout(expire, patienceMs);
      timer.unref();
    });
    try {
      return await Promise.race([work(this.storage), timeout]);
    } catch (thrown) {
      const error = toError(thrown);
      if (!isOfTheSource(error)) this.#lost(error);
      throw error;
    } finally {
      if (timer) clock.clearTimeout(timer);
    }
  }

  /** Runs `work` now or, where that fails, when the archive is back. Never rejects. */
  async owe(work: (storage: ArchiveStorage) => Promise<unknown>): Promise<void> {
    const task = async (): Promise<void> => {
      await this.run(work);
    };
    if (this.#away === undefined) {
      try {
        return await task();
      } catch (thrown) {
        if (this.#away === undefined) return this.#options.onLost(toError(thrown));
      }
    }
    this.#owed.push(task);
    if (this.#owed.length <= MAX_OWED) return;
    this.#owed.shift();
    const message = `${this.storage.directory} is away for so long that an outcome or report was not archived`;
    this.#options.onLost(new ArchiveError('ARCHIVE_FAILED', message));
  }

  /** Looks whether it can be written, and does what is owed to it. */
  async check(): Promise<void> {
    try {
      await this.run(async () => {
        const { context } = await internalsOf(this.storage);
        await context.blobs.probe();
      });
      while (this.#owed[0]) {
        await this.#pay(this.#owed[0]);
        this.#owed.shift();
      }
    } catch {
      // Noted by run(): it is looked for again.
      return;
    }
    if (this.#away === undefined) return;
    this.#away = undefined;
    this.#options.onBack(this);
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) this.#options.clock.clearTimeout(this.#timer);
  }

  /** @throws while the archive is away. */
  async #pay(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (thrown) {
      const error = toError(thrown);
      if (!isOfTheSource(error)) throw error;
      this.#options.onLost(error);
    }
  }

  #lost(error: Error): void {
    const isNew = this.#away === undefined;
    this.#away = error;
    if (this.#closed) return;
    if (isNew) this.#options.onAway(this, error);
    if (this.#timer) return;
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      void this.check();
    }, this.#options.probeIntervalMs);
    this.#timer.unref();
  }
}

function isOfTheSource(error: Error): boolean {
  return OF_THE_SOURCE.has((error as Partial<MillraceError>).code ?? '');
}

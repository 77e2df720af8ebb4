/**
 * Sources that are written to after they were removed: deleted, zipped, or copied to another volume. A writer that paused
 * for longer than its window has the file open still, and where a system lets it go on writing into a file without a name,
 * that would be lost. So the newest of them are held open for a while, and one that grows gets a name in the pending folder.
 */
import { basename, dirname, join } from 'node:path';
import type { Timer } from '../clock.js';
import { isDiskFull, MillraceError, toError } from '../errors.js';
import { discard, removeIfThere, scratchName } from '../files/atomic-write.js';
import type { OpenFile } from '../files/file-system.js';
import { type FileIdentity, identityOf, sameIdentity } from '../files/identity.js';
import { inside } from '../files/names.js';
import { copyOpen, makeFolder, publish } from '../files/place.js';
import type { FileRecord } from '../ledger/file-record.js';
import type { ActiveFile } from './active-file.js';
import { LOOK_AFTER_MS } from './late-writes.js';
import { Later } from './later.js';
import type { PoolContext } from './pool-context.js';

/** A file that may have no name any more. */
interface Held {
  /** The generation that was made of it. */
  record: FileRecord;
  readonly correlationId: string;
  readonly pendingFolder: string;
  /** It has to rest for so long before it is whole, in ms. */
  readonly restMs: number;
  readonly file: OpenFile;
  /** What it was when it was read. */
  identity: FileIdentity;
  /** What it was at the last look, where it has grown. */
  seen: FileIdentity | undefined;
  step: number;
  /** The look that is under way. */
  looking: Promise<void>;
  closed: boolean;
}

/** So many are open at a time; the oldest makes room, after a last look. */
const MAX_HELD = 512;
const SHORTEST_REST_MS = 1_000;
const LONGEST_END_MS = 2_000;

/** Holds removed files open, and brings back what grows. */
export class RemovedFiles {
  readonly #context: PoolContext;
  readonly #onGrown: (record: FileRecord, earlier: FileRecord) => void;
  /** By the generation that was made of each. */
  readonly #held = new Map<number, Held>();
  readonly #later: Later<Held>;
  #stopped = false;

  /** @param onGrown Takes up a new generation; `earlier` is the one before it. */
  constructor(context: PoolContext, onGrown: (record: FileRecord, earlier: FileRecord) => void) {
    this.#context = context;
    this.#onGrown = onGrown;
    this.#later = new Later(context.clock, held => void this.#look(held, false));
  }

  /** To be called before a source is removed. @param path Its last name. @param identity What it is. */
  async hold({ record, entry, correlationId, stabilityMs }: ActiveFile, path: string, identity: FileIdentity) {
    // Windows removes no file that somebody writes, unless he allows it. And what we gave a name ourselves nobody writes.
    if (process.platform === 'win32' || this.#held.has(record.id)) return;
    const { fs, logger } = this.#context;
    let file: OpenFile;
    try {
      file = await fs.open(path, 'r');
    } catch (thrown) {
      // It was read before. What is wrong now (too many open files) must not keep it from being cleaned up.
      logger.warn({ file: path, err: toError(thrown), correlationId }, 'What is written to it from now on is not seen');
      return;
    }
    const held: Held = {
      record,
      correlationId,
      pendingFolder: entry.pendingFolder,
      restMs: Math.max(SHORTEST_REST_MS, stabilityMs),
      file,
      identity,
      seen: undefined,
      step: 0,
      looking: Promise.resolve(),
      closed: false,
    };
    this.#held.set(record.id, held);
    this.#next(held);
    if (this.#held.size > MAX_HELD) await this.#end(this.#oldest());
  }

  /** No more looks but the last ones. */
  stop(): void {
    this.#stopped = true;
    this.#later.close();
  }

  /** Looks at all of them for the last time: what has grown is taken up by the next start. */
  async close(): Promise<void> {
    const { clock } = this.#context;
    this.stop();
    const ended = Promise.all([...this.#held.values()].map(held => this.#end(held)));
    // A share that hangs must not keep the pool from stopping.
    let timer: Timer | undefined;
    const late = new Promise<void>(resolve => {
      timer = clock.setTimeout(resolve, LONGEST_END_MS);
    });
    await Promise.race([ended, late]);
    if (timer) clock.clearTimeout(timer);
  }

  /** Of those that do not grow, as long as there is one. */
  #oldest(): Held {
    const all = [...this.#held.values()];
    return all.find(({ seen }) => !seen) ?? (all[0] as Held);
  }

  #next(held: Held): void {
    const delayMs = LOOK_AFTER_MS[held.step];
    if (delayMs === undefined) void this.#end(held);
    else if (!this.#stopped) this.#later.put(held, delayMs);
  }

  #look(held: Held, last: boolean): Promise<void> {
    held.looking = held.looking.then(async () => {
      if (held.closed) return;
      try {
        await this.#lookAt(held, last);
      } catch (thrown) {
        const error = toError(thrown);
        this.#context.notify('error', { error, path: this.#pathOf(held), correlationId: held.correlationId });
        // What could not be kept now, for want of space or of the folder, is tried again as long as there is time.
        held.step += isDiskFull(error) ? 0 : 1;
        if (!last) this.#next(held);
      }
    });
    return held.looking;
  }

  async #lookAt(held: Held, last: boolean): Promise<void> {
    const { fs, ledger, roster } = this.#context;
    const now = identityOf(await held.file.stat());
    if (sameIdentity(now, held.identity)) {
      held.step += 1;
      if (!last) this.#next(held);
      return;
    }
    const rests = held.seen !== undefined && sameIdentity(now, held.seen) && !roster.get(held.record.id);
    held.seen = now;
    if (!rests && !last) return this.#later.put(held, held.restMs);
    const location = await this.#keep(held, now, last);
    if (location === undefined) return this.#later.put(held, held.restMs);
    const earlier = (await ledger.get(held.record.id)) ?? held.record;
    const record = await ledger.grown(earlier, identityOf(await fs.stat(location)), location);
    this.#held.delete(held.record.id);
    this.#held.set(record.id, held);
    Object.assign(held, { record, identity: now, seen: undefined, step: 0 });
    if (this.#stopped) return;
    this.#onGrown(record, earlier);
    if (!last) this.#next(held);
  }

  /** Gives it a name in the pending folder. @returns Where; nothing when it is still being written and there is time for another look. */
  async #keep(held: Held, identity: FileIdentity, last: boolean): Promise<string | undefined> {
    const { fs, logger, notify } = this.#context;
    const { file, record, pendingFolder, correlationId } = held;
    const folder = dirname(inside(pendingFolder, record.path));
    const temp = scratchName(folder, `${correlationId}-late`);
    await makeFolder(fs, folder);
    await removeIfThere(fs, temp);
    try {
      await copyOpen(fs, file, temp);
      const whole = sameIdentity(identityOf(await file.stat()), identity);
      const path = this.#pathOf(held);
      const error = new MillraceError(
        'SOURCE_CHANGED',
        `${path} is still being written, and is not looked at any more`,
      );
      if (!whole && last) notify('error', { error, path, correlationId });
      if (whole || last) return await publish(fs, temp, folder, basename(record.path));
    } catch (error) {
      await discard(fs, temp, logger);
      throw error;
    }
    await discard(fs, temp, logger);
    return undefined;
  }

  async #end(held: Held): Promise<void> {
    await this.#look(held, true);
    if (held.closed) return;
    held.closed = true;
    this.#held.delete(held.record.id);
    const { logger } = this.#context;
    await held.file.close().catch((err: Error) => logger.debug({ err }, 'A removed file was not closed'));
  }

  #pathOf({ record }: Held): string {
    return join(record.root, record.path);
  }
}

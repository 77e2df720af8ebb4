/** Takes a report's file into work and puts it where it belongs when it cannot be sent: back, aside, or out of the books. */
import { QueueCorruptedError, type SubmitError, systemCode, toError } from '../errors.js';
import type { Core } from './core.js';
import { correlationOf, defaultMeta, type Item, type ItemMeta } from './item.js';
import type { Settlement } from './settlement.js';

/** How long a file that cannot be had now is left alone, in ms. */
const FILE_RETRY_MS = 5_000;
/** Codes of files that are there and that we may not read, or that are no files. */
const UNREADABLE = ['EACCES', 'EPERM', 'EISDIR'];
/** How long such a file is left alone, in ms, before it is given up: a virus scanner or a backup may have it for a moment. */
const UNREADABLE_DELAYS_MS = [250, 1_000, FILE_RETRY_MS];

/** A report that is ready to be sent. */
export interface Loaded {
  report: unknown;
  meta: ItemMeta;
}

export class ItemDesk {
  readonly #core: Core;
  readonly #settlement: Settlement;
  /** How often in a row a file could not be read. */
  readonly #unreadable = new WeakMap<Item, number>();

  constructor(core: Core, settlement: Settlement) {
    this.#core = core;
    this.#settlement = settlement;
  }

  /** Marks the file as being processed and reads it; `undefined` when it cannot be sent now or ever, which is dealt with here. */
  async load(item: Item): Promise<Loaded | undefined> {
    const { folder, index, notify } = this.#core;
    try {
      await folder.rename(item, { state: 'processing' });
      const bytes = await folder.read(item);
      index.sized(item, bytes.length);
      const meta = await this.#settlement.named(item, await folder.readMeta(item));
      this.#unreadable.delete(item);
      return { report: parseReport(bytes), meta };
    } catch (thrown) {
      const error = toError(thrown);
      const code = systemCode(error) ?? '';
      if (error instanceof QueueCorruptedError) this.corrupted(item, error);
      else if (UNREADABLE.includes(code) && item.name.endsWith('.processing')) await this.#unread(item, error);
      else if (code === 'ENOENT' && !(await this.#core.folderIsGone())) this.#vanished(item);
      else {
        notify('error', { error, path: folder.path(item.name), correlationId: correlationOf(item) });
        await this.putBack(item, item.attempts, FILE_RETRY_MS);
      }
      return undefined;
    }
  }

  /** Tries again a few times, then sends the file to `.error`. */
  async #unread(item: Item, error: Error): Promise<void> {
    const { folder, notify } = this.#core;
    const failures = this.#unreadable.get(item) ?? 0;
    const delayMs = UNREADABLE_DELAYS_MS[failures];
    if (delayMs === undefined) {
      this.#unreadable.delete(item);
      return this.corrupted(
        item,
        new QueueCorruptedError(`'${item.name}' cannot be read: ${error.message}`, {
          cause: error,
          hints: ['Give this process the right to read the file, then call retryFailed().'],
        }),
      );
    }
    this.#unreadable.set(item, failures + 1);
    notify('error', { error, path: folder.path(item.name), correlationId: correlationOf(item) });
    await this.putBack(item, item.attempts, delayMs);
  }

  /** Sends a file that is no readable report to `.error`. */
  corrupted(item: Item, error: QueueCorruptedError): void {
    const { counters, notify, folder } = this.#core;
    counters.corrupted += 1;
    notify('corrupted', { id: item.id, path: folder.path(item.name), error, correlationId: correlationOf(item) });
    this.giveUp(item, defaultMeta(item), error, { attempts: item.attempts });
  }

  #vanished(item: Item): void {
    const { counters, notify, folder, index } = this.#core;
    const path = folder.path(item.name);
    counters.vanished += 1;
    index.remove(item);
    notify('vanished', { id: item.id, path, correlationId: correlationOf(item) });
  }

  /** Sends a report to `.error`. */
  giveUp(
    item: Item,
    meta: ItemMeta,
    error: SubmitError | QueueCorruptedError,
    { attempts, attemptId }: { attempts: number; attemptId?: string },
  ): void {
    const { counters, notify, folder } = this.#core;
    counters.refused += 1;
    item.attempts = attempts;
    const { id } = item;
    const { correlationId } = meta;
    this.#settlement.settle(item, meta, { kind: 'refused', error }, () =>
      notify('failed', {
        id,
        path: folder.path(item.name),
        attempts,
        ...(attemptId === undefined ? {} : { attemptId }),
        error,
        correlationId,
      }),
    );
  }

  /** Lets a report wait again, for `delayMs` at least. */
  async putBack(item: Item, attempts: number, delayMs: number): Promise<void> {
    const { folder, index, options, notify } = this.#core;
    const change = { state: 'queued', attempts } as const;
    try {
      await folder.rename(item, change);
    } catch (error) {
      // The name lags behind; the next attempt renames it from what it is.
      notify('error', { error: toError(error), path: folder.path(item.name), correlationId: correlationOf(item) });
    }
    index.update(item, { ...change, notBefore: delayMs > 0 ? options.clock.monotonic() + delayMs : 0 });
  }
}

/** A file's content as JSON. @throws {QueueCorruptedError} when it is none. */
export function parseReport(bytes: Buffer): unknown {
  if (bytes.length === 0) throw new QueueCorruptedError('The file is empty');
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new QueueCorruptedError(`The file is not JSON: ${toError(error).message}`, { cause: error });
  }
}

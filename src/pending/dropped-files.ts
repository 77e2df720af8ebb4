/**
 * Takes in files that a person or another program put into the pending folder, and finds reports that were renamed
 * under us. Looks through the folder at the start and now and then; while nothing changes in it, that costs one stat.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { type Clock, sleep } from '../clock.js';
import { QueueCorruptedError, systemCode, toError } from '../errors.js';
import { removeIfThere } from '../files/atomic-write.js';
import { whileBusy } from '../files/busy.js';
import { createId, droppedId } from './content-id.js';
import type { Core } from './core.js';
import { createItem, type Item } from './item.js';
import { type ItemDesk, parseReport } from './item-desk.js';
import { DEFAULT_PRIORITY, metaName, type NameParts, parseName } from './item-name.js';

const DROPPED = /\.json\.queued$/;
/** A file that is no JSON may still be being written: it is given up when it has not changed for this many looks. */
const GRACE_LOOKS = 2;
/** The folder's time of change is coarse and not kept everywhere; after this many looks it is not trusted. */
const TRUST_LOOKS = 10;
const SLICE = 2_000;

interface Suspect {
  size: number;
  mtimeMs: number;
  unchanged: number;
}

export class DroppedFiles {
  readonly #core: Core;
  readonly #desk: ItemDesk;
  readonly #onAdded: () => void;
  readonly #stop = new AbortController();
  readonly #suspects = new Map<string, Suspect>();
  #strays = new Set<string>();
  #lastChange = Number.NaN;
  #trusted = 0;
  #running: Promise<void> | undefined;

  /** @param onAdded Called when there is something new to send. */
  constructor(core: Core, desk: ItemDesk, onAdded: () => void) {
    this.#core = core;
    this.#desk = desk;
    this.#onAdded = onAdded;
  }

  /** Looks now and then every `rescanIntervalMs`, while `isOpen` says that the folder is ours. */
  start(isOpen: () => boolean): void {
    this.#running ??= this.#repeat(this.#core.options.clock, isOpen);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #repeat(clock: Clock, isOpen: () => boolean): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        if (isOpen()) await this.#look();
      } catch (error) {
        const { notify, folder, folderIsGone } = this.#core;
        if (!(await folderIsGone())) notify('error', { error: toError(error), path: folder.directory });
      }
      await sleep(clock, this.#core.options.rescanIntervalMs, this.#stop.signal);
    }
  }

  async #look(): Promise<void> {
    const { options, folder } = this.#core;
    const { mtimeMs } = await options.fs.stat(folder.directory);
    const quiet = mtimeMs === this.#lastChange && this.#suspects.size + this.#strays.size === 0;
    if (quiet && ++this.#trusted < TRUST_LOOKS) return;
    this.#trusted = 0;
    this.#lastChange = mtimeMs;
    const strays = new Set<string>();
    let seen = 0;
    for (const name of await options.fs.readdir(folder.directory)) {
      if (++seen % SLICE === 0) await breathe();
      if (this.#stop.signal.aborted) return;
      if (!name.endsWith('.queued') && !name.endsWith('.processing')) continue;
      if (!(await this.#take(name, strays))) return;
    }
    this.#strays = strays;
  }

  /** Looks at one file; `false` when the folder is away. */
  async #take(name: string, strays: Set<string>): Promise<boolean> {
    const { notify, folder, folderIsGone, options } = this.#core;
    try {
      const parts = parseName(name);
      if (parts) await this.#ours(name, parts, strays);
      else if (DROPPED.test(name)) await this.#dropped(name);
    } catch (error) {
      if (await folderIsGone()) return false;
      // It is taken at the next look; the others need not wait for it.
      this.#lastChange = Number.NaN;
      if (systemCode(error) === 'ENOENT') options.logger.debug({ file: name }, 'A file went while it was looked at');
      else notify('error', { error: toError(error), path: folder.path(name) });
    }
    return true;
  }

  /** A name of ours that the books do not have: a report that was mended, or whose renaming was reported as failed. */
  async #ours(name: string, parts: NameParts, strays: Set<string>): Promise<void> {
    const { index, folder, options } = this.#core;
    const known = index.get(parts.id);
    if (known && (known.name === name || known.state !== 'error')) return;
    // Being written or just delivered, more likely than not: only what is still so at the next look is taken.
    if (!this.#strays.has(name)) return void strays.add(name);
    if (!(await folder.exists(name))) return;
    if (known && (await folder.exists(known.name))) return;
    if (known) {
      await folder.removeNotes(known);
      index.remove(known);
    }
    options.logger.info({ file: name, correlationId: parts.id }, 'A report was found in the pending folder');
    const hasMeta = await folder.exists(metaName(parts));
    this.#add(createItem({ ...parts, state: 'queued', attempts: known ? 0 : parts.attempts }, { name, hasMeta }));
  }

  async #dropped(name: string): Promise<void> {
    const { index, folder, options, counters } = this.#core;
    // Left where it is; it is as safe there as anywhere.
    if (index.size >= options.maxSize) return;
    const content = await this.#read(name);
    if (!content) return;
    const { bytes = Buffer.alloc(0), error } = content;
    if (error && !(await this.#isGivenUp(name, bytes.length))) return;
    this.#suspects.delete(name);
    // What cannot be read is nobody's duplicate.
    const id = content.bytes ? droppedId(content.bytes) : createId(options.clock.now(), name, false);
    const known = index.get(id);
    if (known && known.state !== 'error') {
      counters.duplicates += 1;
      options.logger.info({ file: name, correlationId: id }, 'A dropped file is a duplicate of a report that waits');
      await removeIfThere(options.fs, folder.path(name));
      return;
    }
    if (known) {
      await folder.remove(known);
      index.remove(known);
    }
    const item = createItem({
      id,
      enqueuedAt: options.clock.now(),
      priority: DEFAULT_PRIORITY,
      attempts: 0,
      state: error ? 'processing' : 'queued',
      unsettled: false,
    });
    await whileBusy(() => options.fs.rename(folder.path(name), folder.path(item.name)));
    await folder.synced();
    item.bytes = bytes.length;
    if (!error) return this.#add(item);
    index.add(item);
    this.#desk.corrupted(
      item,
      new QueueCorruptedError(`The dropped file '${name}': ${error.message}`, { cause: error }),
    );
  }

  #add(item: Item): void {
    const { index, counters, notify, folder } = this.#core;
    const { id, priority } = item;
    counters.enqueued += 1;
    index.add(item);
    notify('enqueued', { id, path: folder.path(item.name), priority, correlationId: id });
    this.#onAdded();
  }

  async #read(name: string): Promise<{ bytes: Buffer | undefined; error?: Error } | undefined> {
    const { options, folder } = this.#core;
    let bytes: Buffer | undefined;
    try {
      bytes = await options.fs.readFile(folder.path(name));
      parseReport(bytes);
      return { bytes };
    } catch (error) {
      return systemCode(error) === 'ENOENT' ? undefined : { bytes, error: toError(error) };
    }
  }

  /** Whether a file that cannot be taken has been the same for long enough. */
  async #isGivenUp(name: string, size: number): Promise<boolean> {
    const { options, folder } = this.#core;
    const { mtimeMs } = await options.fs.stat(folder.path(name));
    const before = this.#suspects.get(name);
    const same = before?.size === size && before.mtimeMs === mtimeMs;
    const unchanged = same ? before.unchanged + 1 : 0;
    this.#suspects.set(name, { size, mtimeMs, unchanged });
    return unchanged >= GRACE_LOOKS;
  }
}

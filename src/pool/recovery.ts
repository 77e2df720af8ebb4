/** What a pool does first: it goes on with everything that the process before it had begun. */
import { join } from 'node:path';
import { sleep } from '../clock.js';
import { ConverterCrashedError } from '../errors.js';
import { exists } from '../files/free-name.js';
import type { FileRecord, FileState } from '../ledger/file-record.js';
import { type ActiveFile, activeFile } from './active-file.js';
import type { Archivist } from './archivist.js';
import { isBookedOn, jointIdentity } from './candidates.js';
import type { Cleaner, CleanOptions } from './cleaner.js';
import type { ConverterEntry } from './converter-entry.js';
import { about, maxAttempts, type PoolContext } from './pool-context.js';
import { gaveUp, type Settlement } from './settlement.js';

/** Who goes on with what recovery finds. */
export interface RecoveryExits {
  /** The file is ready to be converted, after a delay. */
  ready(file: ActiveFile, delayMs: number): void;
}

/** States in which a file that nobody has in hand is gone on with. */
const UNFINISHED: ReadonlySet<FileState> = new Set(['discovered', 'processing', 'suspended', 'cleaning']);

/** What was being cleaned up goes on by itself when a folder hangs; a start waits no longer than this for it. */
const CLEANING_MS = 5_000;

/** Reads the ledger of the process before. */
export class Recovery {
  readonly #context: PoolContext;
  readonly #cleaner: Cleaner;
  readonly #archivist: Archivist;
  readonly #exits: RecoveryExits;
  /** During a {@link resume}: resolves when it waits for no cleaning any more. */
  #late: Promise<void> | undefined;

  constructor(
    context: PoolContext,
    { cleaner, archivist }: { cleaner: Cleaner; archivist: Archivist },
    exits: RecoveryExits,
  ) {
    this.#context = context;
    this.#cleaner = cleaner;
    this.#archivist = archivist;
    this.#exits = exits;
  }

  /**
   * Takes files in hand that were being converted, were suspended, or whose sources were being cleaned up: at the start,
   * and when a converter comes into the pool that files wait for.
   */
  async resume(): Promise<void> {
    const over = new AbortController();
    this.#late = sleep(this.#context.clock, CLEANING_MS, over.signal);
    try {
      await this.#resume();
    } finally {
      this.#late = undefined;
      over.abort();
    }
  }

  async #resume(): Promise<void> {
    const { ledger, roster } = this.#context;
    for (const { id } of await ledger.interrupted()) {
      // A running pool may have gone on with it since the rows were read.
      const record = roster.get(id) ? undefined : await ledger.get(id);
      if (record && UNFINISHED.has(record.state) && !roster.get(id)) await this.goOn(record);
    }
    for (let rows = await ledger.toClean(0); rows.length > 0; rows = await ledger.toClean(rows.at(-1)?.id ?? 0)) {
      for (const record of rows) {
        // A DELETE that waits for the delivery goes on when the queue settles it, unless the archive has a copy.
        if (record.state === 'delivering' && record.cleanup === 'delete' && record.archiveId === null) continue;
        if (record.state === 'suspended' || roster.get(record.id)) continue;
        const now = await ledger.get(record.id);
        const file = now?.cleanup && !roster.get(record.id) ? this.take(now) : undefined;
        if (file) await this.#clean(file, { again: true });
      }
    }
  }

  /** Takes up files that failed with another version of a converter, or with other arguments. @returns How many. */
  async retakeOutdated(entry: ConverterEntry): Promise<number> {
    const { ledger } = this.#context;
    let taken = 0;
    for (let rows = await ledger.outdated(entry.identity, 0); rows.length > 0; ) {
      for (const record of rows) {
        // Nobody took it, and nobody who may has changed.
        const candidates = this.#context.registry.candidates(record);
        if (candidates.length > 1 && isBookedOn(record, jointIdentity(candidates))) continue;
        if (await this.retake(record)) taken += 1;
      }
      rows = await ledger.outdated(entry.identity, rows.at(-1)?.id ?? 0);
    }
    return taken;
  }

  /** Takes a failed file up again from where it lies. @returns Whether it is in hand now. */
  async retake(record: FileRecord): Promise<boolean> {
    const { registry, roster, ledger } = this.#context;
    if (roster.get(record.id) || !registry.get(record.converter)) return false;
    // Reports that were made keep their converter, since their ids are made with its name.
    const choose = record.reports === 0 && registry.candidates(record).length > 1;
    const file = this.take(await ledger.retaken(record, choose));
    if (file) this.#exits.ready(file, 0);
    return file !== undefined;
  }

  /**
   * Compares the reports that should wait with the queue, whenever that has read its folder: what it lacks is made anew,
   * what it gave up on is settled.
   */
  async reconcile(settlement: Settlement): Promise<void> {
    const { ledger, pending, signal } = this.#context;
    for (
      let rows = await ledger.waitingReports('');
      rows.length > 0;
      rows = await ledger.waitingReports(rows.at(-1)?.id ?? '')
    ) {
      for (const { id, file } of rows) {
        if (signal.aborted || !pending.loaded) return;
        const item = pending.find(id);
        if (item?.state === 'error') {
          await settlement.refused({ id }, gaveUp());
        } else if (!item) {
          const record = await ledger.get(file);
          if (record?.state !== 'delivering') continue;
          // The queue forgets what it has delivered, too, and the books know that before: it may be so since the rows were read.
          const waits = (await ledger.reportsOf(record)).some(one => one.id === id && one.state === 'queued');
          // Somebody removed it from the pending folder. Its source makes it again, under the same id.
          if (waits) await this.retake(record);
        }
      }
    }
  }

  /**
   * Files that were seen and went away while no pool ran: no scan finds them, so that their rows would wait for ever.
   * @param holds Whether a watch folder is there and is itself; in another one nothing is missing.
   */
  async noteRemoved(holds: (root: string) => Promise<boolean>): Promise<void> {
    const { ledger, roster, fs, signal } = this.#context;
    for (let afterId = 0; ; ) {
      const rows = await ledger.page({ state: 'discovered', afterId, limit: 500 });
      if (rows.length === 0) return;
      for (const record of rows) {
        afterId = record.id;
        if (signal.aborted) return;
        if (roster.get(record.id) || record.location !== null) continue;
        if ((await exists(fs, join(record.root, record.path))) || !(await holds(record.root))) continue;
        if (roster.get(record.id)) continue;
        await ledger.skipped(record, { reason: 'it was removed while no pool ran', cleanup: null });
      }
    }
  }

  /** The file of a row, in hand from now on; nothing when its converter is not known. */
  take(record: FileRecord): ActiveFile | undefined {
    const { roster, ledger, registry, clock } = this.#context;
    const inHand = roster.get(record.id);
    if (inHand) return inHand;
    const known = registry.lastKnown(record.converter);
    const candidates = record.converter === null ? registry.candidates(record) : known ? [known] : [];
    if (candidates.length === 0) return undefined;
    const path = join(record.root, record.path);
    const file = activeFile(record, candidates, ledger.correlationId(record), path, clock);
    roster.add(file);
    return file;
  }

  /** Goes on with a file that is neither finished nor in hand, if its converter is in the pool. */
  async goOn(record: FileRecord): Promise<void> {
    const { ledger, clock, notify, registry } = this.#context;
    const file = (record.converter === null || registry.get(record.converter)) && this.take(record);
    if (!file) return;
    if (record.state === 'suspended') {
      // Its way to the pending folder may have been cut off half-way.
      if (record.cleanup) await this.#clean(file, { again: true });
      this.#exits.ready(file, Math.max(0, (record.notBefore ?? 0) - clock.now()));
    } else if (record.state === 'discovered') {
      // It may go on where one before it ended, as when it grew after it was put aside.
      const before = (await ledger.history(record.root, record.path, 2)).find(one => one.id < record.id);
      if (before && before.reports > 0) file.earlier = before;
      this.#exits.ready(file, 0);
    } else if (record.state === 'cleaning') {
      await this.#clean(file, { again: true });
    } else if (record.attempts >= maxAttempts(file)) {
      const candidates = record.converter === null ? this.#context.registry.candidates(record) : [file.entry];
      const names = candidates.map(({ converter }) => `'${converter.name}'`).join(' or ');
      const error = new ConverterCrashedError(
        `The process ended during each of ${record.attempts} attempts of ${names} at ${file.path}`,
      );
      const converter = jointIdentity(candidates);
      file.record = await ledger.failed(record, {
        reason: error.message,
        code: error.code,
        cleanup: 'error',
        converter,
      });
      file.state = 'failed';
      await this.#clean(file, { error });
    } else {
      // Twice is no longer bad luck: from now on it runs alone, so that no other file is blamed for it.
      file.suspect = record.attempts >= 2;
      const reason = 'the process ended while it was converted';
      notify('retrying', {
        ...about(file),
        reason,
        attempt: record.attempts,
        maxAttempts: maxAttempts(file),
        delayMs: 0,
      });
      this.#exits.ready(file, 0);
    }
  }

  async #clean(file: ActiveFile, options: CleanOptions): Promise<void> {
    // The process may have ended before the archive was told of the end that the row has.
    const ends = [this.#archivist.caughtUp(file).then(() => this.#cleaner.clean(file, options))];
    if (this.#late !== undefined) ends.push(this.#late);
    await Promise.race(ends);
  }
}

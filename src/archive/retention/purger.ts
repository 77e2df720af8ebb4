/**
 * Carries a purge out, in two phases. First the tombstone, with the records of it, in one durable write: the entry is
 * purged, its content lies in a grave and can be brought back. When the grace period is over, the content is removed, then
 * the grave. A crash anywhere in between leaves a grave, and the next start finishes it.
 */
import pLimit from 'p-limit';
import { removeIfThere } from '../../files/atomic-write.js';
import type { Reserve } from '../../files/reserve.js';
import type { ArchiveContext } from '../archive-context.js';
import { referencePath, reportPath, sourcePath } from '../blobs/blob-path.js';
import type { Change } from '../catalog/catalog.js';
import { mayPurge, type PurgeReason, type SparedBecause } from './may-purge.js';
import type { Candidate, Grave, PurgeCatalog } from './purge-catalog.js';

/** Why and how entries of one converter are purged. */
export interface PurgeOrder {
  readonly converterName: string;
  readonly reason: PurgeReason;
  /** The row of `purge_history` that this counts to. */
  readonly historyId: number;
  /** When the content goes, in epoch ms. */
  readonly dueAt: number;
  /** Of each entry: older than its policy keeps entries. */
  readonly isExpired: (entry: Candidate) => boolean;
  /** More for the audit log. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What became of entries that were to be purged. */
export interface Purged {
  readonly purged: readonly Candidate[];
  readonly spared: readonly { archiveId: string; because: SparedBecause }[];
  /** Others count the bytes of some of them now: less was freed than it seems. */
  readonly inherited: boolean;
}

/** How many files are removed at once. Node has four threads for all of the host's files: intake needs the others. */
const REMOVALS = 2;

export class Purger {
  readonly #context: ArchiveContext;
  readonly #catalog: PurgeCatalog;
  readonly #reserve: Reserve;
  /** One step at a time: what is brought back is not removed meanwhile. */
  readonly #turn = pLimit(1);

  constructor(context: ArchiveContext, catalog: PurgeCatalog, reserve: Reserve) {
    this.#context = context;
    this.#catalog = catalog;
    this.#reserve = reserve;
  }

  /** Purges entries of one converter for one reason: all that may be purged at this moment. */
  purge(entries: readonly Candidate[], order: PurgeOrder): Promise<Purged> {
    return this.#turn(async () => {
      const rows = entries.map(entry => entry.row);
      // Nobody begins to read one of them, to share its blob or to add a report, while it is decided.
      const open = await this.#hold(entries.flatMap(entry => [entry.sha256, `reports of ${entry.archiveId}`]));
      try {
        return await this.#reserve.spend(() => this.#tombstone(rows, order));
      } finally {
        open();
      }
    });
  }

  /** Brings entries back whose content is still there. @returns Their ids. */
  undelete(rows: readonly number[]): Promise<string[]> {
    return this.#turn(async () => {
      const graves = await this.#catalog.gravesOf(rows);
      if (graves.length === 0) return [];
      const ids = graves.map(grave => grave.archiveId);
      const found = JSON.stringify(graves.map(grave => grave.row));
      await this.#reserve.spend(() =>
        this.#context.catalog.audited({ action: 'undelete', details: { archiveIds: ids } }, [
          { statement: 'revive', params: [found] },
          { statement: 'unearth', params: [found] },
        ]),
      );
      return ids;
    });
  }

  /** Removes the content of graves that are due. @returns How many it took, at most `limit`, and what was freed. */
  removeDue(dueBy: number, limit: number): Promise<{ graves: number; removed: number; bytesFreed: number }> {
    return this.#turn(async () => {
      const graves = await this.#catalog.graves(dueBy, limit);
      const free = graves.filter(grave => !this.#catalog.inUse(grave.row));
      if (free.length === 0) return { graves: graves.length, removed: 0, bytesFreed: 0 };
      const rows = free.map(grave => grave.row);
      const needed = await this.#catalog.needed(rows);
      await this.#remove(free, needed);
      const bytesFreed = free.reduce((sum, grave) => sum + (needed.has(grave.row) ? 0 : grave.bytes), 0);
      await this.#reserve.spend(() =>
        this.#context.catalog.write([{ statement: 'unearth', params: [JSON.stringify(rows)] }]),
      );
      this.#context.traffic.purgedBytes += bytesFreed;
      return { graves: graves.length, removed: free.length, bytesFreed };
    });
  }

  /** Decides once more, with what is known now, and writes all of it or nothing. */
  async #tombstone(rows: readonly number[], order: PurgeOrder): Promise<Purged> {
    const { catalog, clock } = this.#context;
    let outcome: Purged = { purged: [], spared: [], inherited: false };
    await catalog.auditing(async () => {
      const purged: Candidate[] = [];
      const spared: { archiveId: string; because: SparedBecause }[] = [];
      for (const entry of await this.#catalog.alive(rows)) {
        const facts = { reason: order.reason, expired: order.isExpired(entry), inUse: this.#catalog.inUse(entry.row) };
        const verdict = mayPurge(entry, facts);
        if (verdict.allowed) purged.push(entry);
        else spared.push({ archiveId: entry.archiveId, because: verdict.because });
      }
      outcome = { purged, spared, inherited: false };
      if (purged.length === 0) return undefined;
      const gone = purged.map(entry => entry.row);
      const heirs = (await this.#catalog.heirs(gone)).filter(({ heir }) => heir !== null);
      outcome = { purged, spared, inherited: heirs.length > 0 };
      const bytes = purged.reduce((sum, entry) => sum + entry.bytes, 0);
      const { converterName, reason, historyId, dueAt, details } = order;
      const at = new Date(clock.now()).toISOString();
      const changes: Change[] = [
        { statement: 'tombstones', params: [JSON.stringify(gone), clock.now()] },
        { statement: 'bury', params: [JSON.stringify(gone), dueAt] },
        { statement: 'addToPurge', params: [historyId, at, converterName, purged.length, bytes, reason] },
      ];
      if (heirs.length > 0) {
        changes.push({ statement: 'handOver', params: [JSON.stringify(heirs.map(({ id }) => id))] });
        changes.push({ statement: 'inherit', params: [JSON.stringify(heirs.map(({ heir }) => heir))] });
      }
      const archiveIds = purged.map(entry => entry.archiveId);
      const record = {
        action: 'purge',
        subject: converterName,
        details: { reason, bytes, dueAt, ...details, archiveIds },
      };
      return { record, changes };
    });
    return outcome;
  }

  async #remove(graves: readonly Grave[], needed: ReadonlySet<number>): Promise<void> {
    const { blobs, fs } = this.#context;
    const limit = pLimit(REMOVALS);
    const folders = new Map<string, string>();
    const remove = (relative: string) =>
      limit(async () => {
        if (await removeIfThere(fs, blobs.path(relative)))
          folders.set(relative.slice(0, relative.lastIndexOf('/')), relative);
      });
    await Promise.all(
      graves.flatMap(({ row, archiveId, blobId, refers, ending, reports }) => [
        ...(needed.has(row) ? [] : [remove(sourcePath(blobId, ending))]),
        ...(refers ? [remove(referencePath(archiveId))] : []),
        ...Array.from({ length: reports }, (_, position) => remove(reportPath(archiveId, position))),
      ]),
    );
    // The names must be gone for good before the graves are: a power failure would leave files that nobody knows.
    await Promise.all([...folders.values()].map(relative => blobs.syncFolderOf(relative)));
  }

  /** Waits until nothing is being done with these, and lets nothing begin. @returns What lets it go on. */
  async #hold(keys: readonly string[]): Promise<() => void> {
    let open: () => void = () => undefined;
    const opened = new Promise<void>(resolve => {
      open = resolve;
    });
    const held = [...new Set(keys)].map(
      key =>
        new Promise<void>(resolve => {
          void this.#context.contents.run(key, () => {
            resolve();
            return opened;
          });
        }),
    );
    await Promise.all(held);
    return open;
  }
}

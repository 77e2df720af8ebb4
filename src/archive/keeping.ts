/**
 * What retention and replay build on: purging, pins and legal holds, leases, policies and the books about all of it.
 *
 * Purging goes the other way round than archiving: first the tombstone in the catalog, with the record of it, then the
 * blob. A crash in between leaves the blob on a list (`doomed`) that the next start works off.
 */
import type { ArchiveContext } from './archive-context.js';
import { entryOf } from './archive-context.js';
import { referencePath, reportPath, sourcePath } from './blobs/blob-path.js';
import type { Change } from './catalog/catalog.js';
import { blobId, parseEntry, type StoredEntry } from './catalog/stored-entry.js';
import { reportsOf } from './restore.js';
import type { ArchiveEntry } from './types.js';

/** Why an entry stays. */
export type HoldKind = 'pin' | 'hold';

/** What became of an entry that was to be purged. */
export interface Purge {
  archiveId: string;
  /** What was freed on the disk. A blob that others share stays, and frees nothing. */
  bytesFreed: number;
  /** Why it was not purged; absent when it was. */
  skipped?: 'unknown' | 'purged' | 'pinned' | 'held' | 'leased' | 'refused';
}

/** A policy as it is stored. */
export interface StoredPolicy {
  converterName: string;
  retentionDays: number;
  maxSizeGb: number;
  compressionLevel: number | null;
  enabled: boolean;
  /** Everything else about it; plain JSON. */
  options: Readonly<Record<string, unknown>>;
}

/** A run of the retention, or a purge by hand, in the books. */
export interface PurgeRecord {
  purgedAt: Date;
  converterName: string;
  archivesPurged: number;
  bytesFreed: number;
  reason: string;
}

export class Keeping {
  readonly #context: ArchiveContext;

  constructor(context: ArchiveContext) {
    this.#context = context;
  }

  /**
   * Removes the content of an entry, its reports with it; the row stays as a tombstone, with a record in the audit log.
   * @param mayPurge Asked right before, with the entry as it is then; false leaves it as it is ('refused').
   */
  async purge(
    id: string,
    why: { reason: string; details?: Readonly<Record<string, unknown>> },
    mayPurge: (entry: ArchiveEntry) => boolean = () => true,
  ): Promise<Purge> {
    const { catalog, contents } = this.#context;
    const known = await catalog.entry(id);
    if (!known) return { archiveId: id, bytesFreed: 0, skipped: 'unknown' };
    // Nobody comes to share its blob, and no report is added, while this goes on.
    return contents.run(known.sha256, () =>
      contents.run(`reports of ${id}`, async () => {
        const entry = (await catalog.entryByRow(known.id)) ?? known;
        const skipped = this.#skips(entry, mayPurge);
        if (skipped) return { archiveId: id, bytesFreed: 0, skipped };
        return { archiveId: id, bytesFreed: await this.#purge(entry, id, why) };
      }),
    );
  }

  /** Keeps an entry whatever the retention says. The reason stands in the audit log. @throws ArchiveError `ARCHIVE_UNKNOWN` */
  async hold(id: string, kind: HoldKind, reason: string | null): Promise<void> {
    const { catalog, clock } = this.#context;
    const { id: row } = await entryOf(this.#context, id);
    await catalog.audited({ action: kind, subject: id, details: { reason } }, [
      { statement: 'hold', params: [row, kind, reason, clock.now()] },
    ]);
  }

  /** Ends {@link hold}. */
  async release(id: string, kind: HoldKind, reason: string | null): Promise<void> {
    const { catalog } = this.#context;
    const { id: row } = await entryOf(this.#context, id);
    await catalog.audited({ action: kind === 'pin' ? 'unpin' : 'release', subject: id, details: { reason } }, [
      { statement: 'release', params: [row, kind] },
    ]);
  }

  /**
   * The entry is being read: it is not purged until the returned function is called. Look afterwards whether it was.
   * @throws ArchiveError `ARCHIVE_UNKNOWN`
   */
  async lease(id: string): Promise<() => void> {
    const { leases, contents } = this.#context;
    const { id: row, sha256 } = await entryOf(this.#context, id);
    // A purge that has begun to decide about it comes first.
    await contents.run(sha256, async () => leases.set(row, (leases.get(row) ?? 0) + 1));
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const left = (leases.get(row) ?? 1) - 1;
      if (left > 0) leases.set(row, left);
      else leases.delete(row);
    };
  }

  /** Adds a record to the audit log, and with it, all or none, what it is about. */
  audit(
    record: { action: string; subject?: string | null; details?: Readonly<Record<string, unknown>> },
    changes: readonly Change[] = [],
  ): Promise<void> {
    return this.#context.catalog.audited(record, changes);
  }

  async setPolicy(policy: StoredPolicy): Promise<void> {
    const { catalog, clock } = this.#context;
    const { converterName, retentionDays, maxSizeGb, compressionLevel, enabled, options } = policy;
    const params = [
      converterName,
      retentionDays,
      maxSizeGb,
      compressionLevel,
      Number(enabled),
      JSON.stringify(options),
      new Date(clock.now()).toISOString(),
    ];
    await catalog.audited({ action: 'policy', subject: converterName, details: { set: policy } }, [
      { statement: 'setPolicy', params },
    ]);
  }

  async policies(): Promise<StoredPolicy[]> {
    type Row = Omit<StoredPolicy, 'enabled' | 'options'> & { enabled: number; options: string | null };
    const rows = await this.#context.catalog.query<Row>('policies');
    return rows.map(row => ({
      ...row,
      enabled: row.enabled === 1,
      options: JSON.parse(row.options ?? '{}') as Record<string, unknown>,
    }));
  }

  async removePolicy(converterName: string): Promise<void> {
    await this.#context.catalog.audited({ action: 'policy', subject: converterName, details: { removed: true } }, [
      { statement: 'removePolicy', params: [converterName] },
    ]);
  }

  /** The newest runs first. @param before The `id` of the last one of the page before. */
  async purgeHistory(limit: number, before = Number.MAX_SAFE_INTEGER): Promise<(PurgeRecord & { id: number })[]> {
    type Row = Omit<PurgeRecord, 'purgedAt'> & { id: number; purgedAt: string };
    const rows = await this.#context.catalog.query<Row>('purgeHistory', [before, limit]);
    return rows.map(row => ({ ...row, purgedAt: new Date(row.purgedAt) }));
  }

  #skips(entry: StoredEntry, mayPurge: (entry: ArchiveEntry) => boolean): Purge['skipped'] {
    const told = parseEntry(entry);
    if (told.purgedAt) return 'purged';
    if (told.held) return 'held';
    if (told.pinned) return 'pinned';
    if (this.#context.leases.has(entry.id)) return 'leased';
    return mayPurge(told) ? undefined : 'refused';
  }

  async #purge(
    entry: StoredEntry,
    id: string,
    { reason, details }: { reason: string; details?: Readonly<Record<string, unknown>> },
  ): Promise<number> {
    const { catalog, blobs, clock } = this.#context;
    const users = await this.#usersOfBlob(entry);
    const others = users.filter(user => user.id !== entry.id);
    const freed = this.#freed(entry, users);
    const doomed: string[] = (await reportsOf(this.#context, entry)).map(report => reportPath(id, report.position));
    if (entry.owner !== null) doomed.push(referencePath(id));
    if (others.length === 0) doomed.push(sourcePath(blobId(entry), entry.ownerEnding ?? entry.ending));
    const changes: Change[] = [
      { statement: 'tombstone', params: [entry.id, clock.now()] },
      ...doomed.map(path => ({ statement: 'doom' as const, params: [path] })),
    ];
    const heir = others.some(user => user.counted === 1) ? undefined : others[0];
    if (heir) changes.push({ statement: 'takeOver', params: [heir.id] });
    await catalog.audited(
      {
        action: 'purge',
        subject: id,
        details: { reason, sha256: entry.sha256, size: entry.size, source: entry.folder + entry.name, ...details },
      },
      changes,
    );
    for (const path of doomed) await blobs.remove(path);
    await catalog.write(doomed.map(path => ({ statement: 'undoom', params: [path] })));
    return freed;
  }

  /** Living entries whose content is in the same blob, itself among them. */
  #usersOfBlob(entry: StoredEntry): Promise<{ id: number; owner: number | null; counted: number }[]> {
    return this.#context.catalog.query('usersOfBlob', [entry.owner ?? entry.id]);
  }

  #freed(entry: StoredEntry, users: readonly { id: number }[]): number {
    const alone = users.every(user => user.id === entry.id);
    return entry.reportStored + (alone ? entry.compressed : 0);
  }
}

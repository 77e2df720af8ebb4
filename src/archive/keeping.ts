/** What retention and replay build on: pins and legal holds, leases, policies and the books about all of it. */
import type { ArchiveContext } from './archive-context.js';
import { entryOf } from './archive-context.js';
import type { Change } from './catalog/catalog.js';

/** Why an entry stays. */
export type HoldKind = 'pin' | 'hold';

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
}

/** What retention asks of the catalog, and the entries and graves that it answers with. */
import type { ArchiveContext } from '../archive-context.js';
import { archiveId, firstRow, timeOfRow } from '../archive-id.js';
import { statusOf } from '../catalog/stored-entry.js';
import type { Intake } from './forecast.js';
import type { RetentionEntry } from './may-purge.js';
import type { ConverterTotals, RetentionSource } from './plan.js';

/** A candidate with what its blob is found by. */
export interface Candidate extends RetentionEntry {
  readonly sha256: string;
}

/** An entry that is purged and whose content is still there. */
export interface Grave {
  readonly row: number;
  readonly archiveId: string;
  readonly sha256: string;
  /** The id of the entry that has the blob: its own, or that of one with the same content. */
  readonly blobId: string;
  /** It refers to a blob of another entry. */
  readonly refers: boolean;
  readonly ending: string;
  readonly reports: number;
  readonly bytes: number;
  /** When its content goes, in epoch ms. */
  readonly dueAt: number;
}

/** What is in graves. */
export interface GraveTotals {
  readonly entries: number;
  readonly bytes: number;
  /** In whole blocks of the disk. */
  readonly onDisk: number;
}

type CandidateRow = Omit<Candidate, 'row' | 'archiveId' | 'archivedAt' | 'status' | 'pinned' | 'held'> & {
  id: number;
  key: string;
  status: number;
  pinned: number;
  held: number;
};
type GraveRow = Pick<Grave, 'sha256' | 'ending' | 'reports' | 'bytes' | 'dueAt'> & {
  id: number;
  key: string;
  owner: number | null;
  ownerKey: string | null;
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export class PurgeCatalog implements RetentionSource {
  readonly #context: ArchiveContext;

  constructor(context: ArchiveContext) {
    this.#context = context;
  }

  async totals(): Promise<ConverterTotals[]> {
    const rows = await this.#context.catalog.query<{ converterName: string; entries: number; storedBytes: number }>(
      'usage',
    );
    return rows.map(({ converterName, entries, storedBytes }) => ({ converterName, entries, bytes: storedBytes }));
  }

  async oldest(query: { converterName?: string; after?: number; limit: number }): Promise<Candidate[]> {
    const { catalog } = this.#context;
    const setups = catalog.setupsOf(query.converterName);
    const after = query.after ?? (await this.#beforeFirst(setups));
    return (await catalog.query<CandidateRow>('purgeCandidates', [after, setups, query.limit])).map(parseCandidate);
  }

  async nthNewest(converterName: string, count: number): Promise<number | undefined> {
    const { catalog } = this.#context;
    return (await catalog.query<{ id: number }>('nthNewest', [catalog.setupsOf(converterName), count - 1]))[0]?.id;
  }

  inUse(row: number): boolean {
    return this.#context.leases.has(row);
  }

  /** Those of these entries that are not purged. */
  async alive(rows: readonly number[]): Promise<Candidate[]> {
    return (await this.#context.catalog.query<CandidateRow>('purgeCandidatesByRow', [JSON.stringify(rows)])).map(
      parseCandidate,
    );
  }

  /** When the newest entry was received, in epoch ms. */
  async newest(): Promise<number | undefined> {
    const [row] = await this.#context.catalog.query<{ id: number | null }>('newestRow');
    return row?.id == null ? undefined : timeOfRow(row.id);
  }

  /** Which entry counts the bytes of a blob after these are gone. */
  heirs(rows: readonly number[]): Promise<{ id: number; heir: number | null }[]> {
    return this.#context.catalog.query('heirs', [JSON.stringify(rows)]);
  }

  /** Graves whose content goes by this time, those first that are due first. */
  async graves(dueBy: number, limit: number): Promise<Grave[]> {
    return (await this.#context.catalog.query<GraveRow>('graves', [dueBy, limit])).map(parseGrave);
  }

  async gravesOf(rows: readonly number[]): Promise<Grave[]> {
    return (await this.#context.catalog.query<GraveRow>('gravesOf', [JSON.stringify(rows)])).map(parseGrave);
  }

  /** @param block Size of the disk's blocks, in bytes. */
  async graveTotals(block = 1): Promise<GraveTotals> {
    const [totals] = await this.#context.catalog.query<GraveTotals>('gravesTotal', [block]);
    return totals ?? { entries: 0, bytes: 0, onDisk: 0 };
  }

  /** Those of these entries whose blob must stay for others. */
  async needed(rows: readonly number[]): Promise<Set<number>> {
    const found = await this.#context.catalog.query<{ id: number }>('needed', [JSON.stringify(rows)]);
    return new Set(found.map(({ id }) => id));
  }

  /** What came in within the last days. */
  async intake(now: number, days: number): Promise<Intake[]> {
    const rows = await this.#context.catalog.query<{
      converterName: string;
      entries: number;
      bytes: number;
      since: number;
    }>('intake', [firstRow(Math.floor(now - days * DAY_MS))]);
    return rows.map(({ since, ...rest }) => ({
      ...rest,
      days: Math.min(days, Math.max((now - since) / DAY_MS, 1 / 24)),
    }));
  }

  async lastPurge(): Promise<number> {
    return (await this.#context.catalog.query<{ id: number }>('lastPurge'))[0]?.id ?? 0;
  }

  /** The row before the first that lives: what was purged long ago is not walked over each time. */
  async #beforeFirst(setups: string | null): Promise<number> {
    const [first] = await this.#context.catalog.query<{ hour: number | null }>('firstHour', [setups]);
    return first?.hour == null ? Number.MAX_SAFE_INTEGER : firstRow(first.hour * HOUR_MS) - 1;
  }
}

function parseCandidate({ id, key, status, pinned, held, ...row }: CandidateRow): Candidate {
  const archivedAt = timeOfRow(id);
  return {
    ...row,
    row: id,
    archivedAt,
    archiveId: archiveId({ at: archivedAt, key }),
    status: statusOf(status),
    pinned: pinned === 1,
    held: held === 1,
  };
}

function parseGrave({ id, key, owner, ownerKey, ...row }: GraveRow): Grave {
  const own = archiveId({ at: timeOfRow(id), key });
  const blobId = owner === null ? own : archiveId({ at: timeOfRow(owner), key: ownerKey ?? '' });
  return { ...row, row: id, archiveId: own, blobId, refers: owner !== null };
}

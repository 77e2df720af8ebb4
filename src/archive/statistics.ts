/** What is in the archive, by converter and by day. */
import type { Catalog } from './catalog/catalog.js';
import { statusOf } from './catalog/stored-entry.js';
import type { ArchiveFilter, ArchiveStatus } from './types.js';

/** Sums over entries. */
export interface ArchiveTotals {
  entries: number;
  /** Size of the originals. */
  bytes: number;
  /** What blobs and reports take on the disk; a blob that several share counts once. */
  storedBytes: number;
  /** How many ended so. `pending`: the archive was not told of an end. */
  byStatus: Record<ArchiveStatus | 'pending', number>;
}

/** What `statistics()` gives. Purged entries are in none of it. */
export interface ArchiveStatistics extends ArchiveTotals {
  /** By the converter's name. */
  byConverter: Record<string, ArchiveTotals>;
  /** By day (`YYYY-MM-DD`, UTC) of the entries' time, in order; days without entries are left out. */
  byDay: ({ day: string } & ArchiveTotals)[];
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FIRST_HOUR = -(2 ** 40);
const LAST_HOUR = 2 ** 40;

/** @param filter Times count by the hour: `from` and `to` are taken down to full hours. */
export async function statisticsOf(
  catalog: Catalog,
  { from, to, converterName }: Pick<ArchiveFilter, 'from' | 'to' | 'converterName'>,
): Promise<ArchiveStatistics> {
  const rows = await catalog.query<{
    converter: string;
    day: number;
    status: number;
    entries: number;
    bytes: number;
    stored: number;
  }>('totals', [
    from ? Math.floor(from.getTime() / HOUR_MS) : FIRST_HOUR,
    to ? Math.floor(to.getTime() / HOUR_MS) : LAST_HOUR,
    catalog.setupsOf(converterName),
  ]);
  const total = nothing();
  const converters = new Map<string, ArchiveTotals>();
  const days = new Map<number, ArchiveTotals>();
  for (const row of rows) {
    for (const sum of [total, sumOf(converters, row.converter), sumOf(days, row.day)]) {
      sum.entries += row.entries;
      sum.bytes += row.bytes;
      sum.storedBytes += row.stored;
      sum.byStatus[statusOf(row.status) ?? 'pending'] += row.entries;
    }
  }
  return {
    ...total,
    byConverter: Object.fromEntries(converters),
    byDay: [...days].map(([day, sum]) => ({ day: new Date(day * DAY_MS).toISOString().slice(0, 10), ...sum })),
  };
}

function sumOf<K>(sums: Map<K, ArchiveTotals>, key: K): ArchiveTotals {
  let sum = sums.get(key);
  if (!sum) {
    sum = nothing();
    sums.set(key, sum);
  }
  return sum;
}

function nothing(): ArchiveTotals {
  const byStatus = { success: 0, failed: 0, suspended: 0, skipped: 0, rejected: 0, pending: 0 };
  return { entries: 0, bytes: 0, storedBytes: 0, byStatus };
}

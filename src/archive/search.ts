/** Finding entries: by time, converter, status, serial number, checksum and words, a page at a time. */
import { ConfigError } from '../errors.js';
import type { SqlValue } from '../store/journaled-store.js';
import { firstRow, isTimeInRange, timeOfRow } from './archive-id.js';
import type { Catalog } from './catalog/catalog.js';
import { parseEntry, type StoredEntry, statusNumber } from './catalog/stored-entry.js';
import { matchOf } from './catalog/words.js';
import type { ArchiveFilter, ArchivePage, ArchiveQuery } from './types.js';

const HOUR_MS = 3_600_000;
const MAX_LIMIT = 10_000;
const FIRST_ROW = -Number.MAX_SAFE_INTEGER;
const LAST_ROW = Number.MAX_SAFE_INTEGER;

/** What a search looks for, as the queries take it. */
interface Search {
  /** The first row, and the one after the last. */
  from: number;
  to: number;
  setups: string | null;
  status: number | null;
  serial: string | null;
  sha256: string | null;
  purged: 0 | 1;
  match: string | undefined;
}

/** @throws ConfigError for a filter that cannot be. */
export async function findEntries(catalog: Catalog, query: ArchiveQuery): Promise<ArchivePage> {
  const { limit = 100, order = 'desc' } = query;
  const search = searchOf(catalog, query);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw wrong('limit', `must be a whole number from 1 to ${MAX_LIMIT.toLocaleString('en')}`);
  }
  if (order !== 'asc' && order !== 'desc') throw wrong('order', "must be 'asc' or 'desc'");
  if (query.cursor !== undefined) {
    const row = rowOfCursor(query.cursor);
    if (order === 'desc') search.to = Math.min(search.to, row);
    else search.from = Math.max(search.from, row + 1);
  }
  // One more than asked for tells whether there is another page.
  const rows = await rowsOf(catalog, search, limit + 1, order);
  const entries = rows.slice(0, limit);
  const last = entries.at(-1);
  return {
    entries: entries.map(parseEntry),
    nextCursor: rows.length > limit && last ? Buffer.from(String(last.id)).toString('base64url') : null,
  };
}

export async function countEntries(catalog: Catalog, filter: ArchiveFilter): Promise<number> {
  const search = searchOf(catalog, filter);
  const count = async (query: 'countRange' | 'countContent' | 'countWords', part: Search): Promise<number> =>
    (await catalog.query<{ count: number }>(query, params(part, 1)))[0]?.count ?? 0;
  if (search.sha256 !== null) return count('countContent', search);
  if (search.match !== undefined) return count('countWords', search);
  if (search.purged) return count('countRange', search);
  // Whole hours are counted already; only those that the range cuts are counted row by row.
  const first = Math.ceil(timeOfRow(search.from) / HOUR_MS);
  const end = Math.floor(timeOfRow(search.to) / HOUR_MS);
  if (first >= end) return count('countRange', search);
  const inside = await catalog.query<{ entries: number }>('countHours', [first, end, search.setups, search.status]);
  const edges = [
    { ...search, to: Math.min(search.to, firstRow(first * HOUR_MS)) },
    { ...search, from: Math.max(search.from, firstRow(end * HOUR_MS)) },
  ].filter(({ from, to }) => from < to);
  let sum = inside[0]?.entries ?? 0;
  for (const edge of edges) sum += await count('countRange', edge);
  return sum;
}

async function rowsOf(catalog: Catalog, search: Search, limit: number, order: 'asc' | 'desc'): Promise<StoredEntry[]> {
  const up = order === 'asc';
  if (search.from >= search.to) return [];
  if (search.sha256 !== null) return catalog.query(up ? 'contentAsc' : 'contentDesc', params(search, limit));
  if (search.match !== undefined) return catalog.query(up ? 'wordsAsc' : 'wordsDesc', params(search, limit));
  if (search.purged || (search.setups === null && search.status === null)) {
    return catalog.query(up ? 'rangeAsc' : 'rangeDesc', params(search, limit));
  }
  return rowsByHour(catalog, search, limit, order);
}

/** Looks only into the hours in which there is something of what is looked for. */
async function rowsByHour(
  catalog: Catalog,
  search: Search,
  limit: number,
  order: 'asc' | 'desc',
): Promise<StoredEntry[]> {
  const up = order === 'asc';
  const rows: StoredEntry[] = [];
  let from = Math.floor(timeOfRow(search.from) / HOUR_MS);
  let to = Math.floor(timeOfRow(search.to - 1) / HOUR_MS) + 1;
  while (from < to) {
    const hours = await catalog.query<{ hour: number; entries: number }>('hours', [
      from,
      to,
      search.setups,
      search.status,
      up ? 0 : 1,
    ]);
    for (const stretch of stretches(hours, limit, up)) {
      const part = {
        ...search,
        from: Math.max(search.from, firstRow(stretch.from * HOUR_MS)),
        to: Math.min(search.to, firstRow(stretch.to * HOUR_MS)),
      };
      if (part.from >= part.to) continue;
      rows.push(
        ...(await catalog.query<StoredEntry>(up ? 'rangeAsc' : 'rangeDesc', params(part, limit - rows.length))),
      );
      if (rows.length >= limit) return rows;
    }
    const last = hours.at(-1);
    if (!last) break;
    if (up) from = last.hour + 1;
    else to = last.hour;
  }
  return rows;
}

/** Neighbouring hours together, as long as together they do not hold more than is looked for. */
function stretches(
  hours: readonly { hour: number; entries: number }[],
  limit: number,
  up: boolean,
): { from: number; to: number }[] {
  const result: { from: number; to: number; entries: number }[] = [];
  for (const { hour, entries } of hours) {
    const last = result.at(-1);
    const isNext = last !== undefined && (up ? hour === last.to : hour === last.from - 1);
    if (last && isNext && last.entries < limit) {
      last.entries += entries;
      if (up) last.to = hour + 1;
      else last.from = hour;
    } else {
      result.push({ from: hour, to: hour + 1, entries });
    }
  }
  return result;
}

function params(search: Search, limit: number): SqlValue[] {
  const { from, to, setups, status, serial, sha256, purged, match } = search;
  const all = [from, to, setups, status, serial, sha256, purged, limit];
  return match === undefined ? all : [...all, match];
}

function searchOf(catalog: Catalog, filter: ArchiveFilter): Search {
  const { from, to, converterName, status, serialNumber, sha256, text, includePurged } = filter;
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256)) throw wrong('sha256', 'must be 64 hex digits');
  const number = status === undefined ? null : statusNumber(status);
  if (number === -1)
    throw wrong('status', `'${status}' is none; it is success, failed, suspended, skipped or rejected`);
  const match = matchOf(text, serialNumber);
  if (text !== undefined && text.trim() !== '' && matchOf(text, undefined) === undefined) {
    throw wrong('text', 'has no word in it');
  }
  return {
    from: from === undefined ? FIRST_ROW : rowAt('from', from),
    to: to === undefined ? LAST_ROW : rowAt('to', to),
    setups: catalog.setupsOf(converterName),
    status: number,
    serial: serialNumber ?? null,
    sha256: sha256?.toLowerCase() ?? null,
    purged: includePurged ? 1 : 0,
    match,
  };
}

/** The first row at a time or after it. */
function rowAt(path: string, date: Date): number {
  const at = Math.ceil(date.getTime());
  if (Number.isNaN(at)) throw wrong(path, 'is not a valid date');
  if (isTimeInRange(at)) return firstRow(at);
  return at < 0 ? FIRST_ROW : LAST_ROW;
}

function rowOfCursor(cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString();
  const row = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(row)) throw wrong('cursor', 'is none that query() gave');
  return row;
}

function wrong(path: string, message: string): ConfigError {
  return new ConfigError([{ path, message }]);
}

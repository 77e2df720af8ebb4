/**
 * The name of an archived source: `{timestamp}_{12 hex}`, such as `20260213T143022.123Z_a3f2d9c01b2e`. It sorts by time,
 * and leads to the catalog's row and to the blob without looking anything up.
 */
import { createHash } from 'node:crypto';
import { ArchiveError } from '../errors.js';

/** Row numbers count from here: 2020-01-01. */
export const EPOCH_MS = 1_577_836_800_000;
/** Rows of one millisecond. A row's number is the time times this, plus its place within the millisecond. */
export const ROWS_PER_MS = 4_096;
/** What the row numbers can hold without losing digits in a double: 1951 to 2089. */
const MAX_OFFSET_MS = Number.MAX_SAFE_INTEGER / ROWS_PER_MS - 1;

const PATTERN = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})\.(\d{3})Z_([0-9a-f]{12})$/;

/** What an id says. */
export interface ParsedId {
  /** When the source was received, in epoch ms. */
  at: number;
  /** The 12 hex digits. */
  key: string;
}

export function archiveId({ at, key }: ParsedId): string {
  return `${new Date(at).toISOString().replace(/[-:]/g, '')}_${key}`;
}

/** @throws ArchiveError `ARCHIVE_UNKNOWN` for what cannot be an id. */
export function parseArchiveId(id: string): ParsedId {
  const parsed = tryParseArchiveId(id);
  if (!parsed) throw new ArchiveError('ARCHIVE_UNKNOWN', `'${id}' is not the id of an archived source`);
  return parsed;
}

/** As {@link parseArchiveId}; `undefined` for what cannot be an id. */
export function tryParseArchiveId(id: string): ParsedId | undefined {
  const [, year, month, day, hour, minute, second, ms, key] = PATTERN.exec(id) ?? [];
  if (key === undefined) return undefined;
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
  return isTimeInRange(at) ? { at, key } : undefined;
}

/** The first row number of a millisecond. */
export function firstRow(at: number): number {
  return (at - EPOCH_MS) * ROWS_PER_MS;
}

/** The millisecond of a row number. */
export function timeOfRow(row: number): number {
  return Math.floor(row / ROWS_PER_MS) + EPOCH_MS;
}

export function isTimeInRange(at: number): boolean {
  return Number.isInteger(at) && Math.abs(at - EPOCH_MS) <= MAX_OFFSET_MS;
}

/** The 12 hex digits of an id, from whatever makes the source one of its own. */
export function idKey(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);
}

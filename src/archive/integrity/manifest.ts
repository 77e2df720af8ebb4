/** A list of what is in the archive, for auditors: JSON or CSV, with a hash over the whole in its last line. */
import { createHash } from 'node:crypto';
import type { Catalog } from '../catalog/catalog.js';
import { findEntries } from '../search.js';
import type { ArchiveEntry, ArchiveFilter } from '../types.js';

/** How a manifest is written. */
export type ManifestFormat = 'json' | 'csv';

/** The columns of the CSV; in JSON, each entry is told whole. */
const COLUMNS = [
  'archiveId',
  'timestamp',
  'converterName',
  'converterVersion',
  'sourcePath',
  'sha256',
  'size',
  'compressedSize',
  'modifiedAt',
  'archivedPath',
  'status',
  'error',
  'durationMs',
  'deliveredAt',
  'reportId',
  'serialNumber',
  'partNumber',
  'reports',
  'pinned',
  'held',
  'purgedAt',
] as const satisfies readonly (keyof ArchiveEntry)[];

const PAGE = 1_000;

/**
 * The manifest in pieces, the oldest entry first. Its last line holds the SHA-256 of everything before that line.
 * @param now The time that stands in it.
 */
export async function* manifest(
  catalog: Catalog,
  filter: ArchiveFilter,
  format: ManifestFormat,
  now: Date,
): AsyncGenerator<string> {
  const hash = createHash('sha256');
  const hashed = (text: string): string => {
    hash.update(text);
    return text;
  };
  yield hashed(format === 'json' ? head(filter, now) : `${COLUMNS.join(',')}\r\n`);
  let count = 0;
  for await (const page of pages(catalog, filter)) {
    const lines = page.map(entry => (format === 'json' ? JSON.stringify(entry) : csvLine(entry)));
    if (format === 'csv') yield hashed(lines.map(line => `${line}\r\n`).join(''));
    else if (lines.length > 0) yield hashed(`${count > 0 ? ',\n' : ''}${lines.join(',\n')}`);
    count += page.length;
  }
  if (format === 'json') yield hashed(`\n],\n"count":${count},\n`);
  const sum = hash.digest('hex');
  yield format === 'json' ? `"sha256":"${sum}"}\n` : `# sha256 ${sum}\r\n`;
}

/** Whether a manifest is as it was written: the hash in its last line is that of what is before it. */
export function verifyManifest(text: string): boolean {
  const [, body, sum] = /^([\s\S]*\n)(?:"sha256":"|# sha256 )([0-9a-f]{64})(?:"\})?\r?\n?$/.exec(text) ?? [];
  return body !== undefined && createHash('sha256').update(body).digest('hex') === sum;
}

async function* pages(catalog: Catalog, filter: ArchiveFilter): AsyncGenerator<ArchiveEntry[]> {
  let cursor: string | null = null;
  do {
    const page = await findEntries(catalog, {
      ...filter,
      order: 'asc',
      limit: PAGE,
      ...(cursor === null ? {} : { cursor }),
    });
    yield page.entries;
    cursor = page.nextCursor;
  } while (cursor !== null);
}

function head(filter: ArchiveFilter, now: Date): string {
  return `{"format":"millrace-manifest","version":1,"createdAt":${JSON.stringify(now)},"filter":${JSON.stringify(filter)},\n"entries":[\n`;
}

function csvLine(entry: ArchiveEntry): string {
  return COLUMNS.map(column => csvField(entry[column])).join(',');
}

function csvField(value: string | number | boolean | Date | null): string {
  const text = value === null ? '' : value instanceof Date ? value.toISOString() : String(value);
  // A text that a spreadsheet would take for a formula is quoted as text.
  const safe = /^[=+\-@\t\r]/.test(text) && typeof value === 'string' ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

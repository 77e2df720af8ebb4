/** A row of the catalog as SQL gives it, and as it is told. */
import { archiveId, timeOfRow } from '../archive-id.js';
import { reportPath, sourcePath } from '../blobs/blob-path.js';
import type { ArchiveEntry, ArchiveStatus } from '../types.js';

export interface StoredEntry {
  id: number;
  key: string;
  converter: string;
  version: string;
  parameters: string;
  folder: string;
  name: string;
  ending: string;
  sha256: string;
  size: number;
  compressed: number;
  ageMs: number;
  lagMs: number;
  members: number | null;
  owner: number | null;
  ownerKey: string | null;
  ownerEnding: string | null;
  status: number;
  durationMs: number | null;
  deliveredAfterMs: number | null;
  reportUuid: string | null;
  reportId: string | null;
  serial: string | null;
  part: string | null;
  error: string | null;
  reports: number;
  reportSize: number | null;
  reportStored: number;
  purgedAt: number | null;
  holds: string | null;
}

/** By the number that stands for them in the catalog. */
const STATUSES: readonly (ArchiveStatus | null)[] = [null, 'success', 'failed', 'suspended', 'skipped', 'rejected'];

export function statusNumber(status: ArchiveStatus | null): number {
  return STATUSES.indexOf(status);
}

export function statusOf(number: number): ArchiveStatus | null {
  return STATUSES[number] ?? null;
}

/** The id of the entry whose blob holds the content: its own, or that of one with the same content. */
export function blobId(row: StoredEntry): string {
  const { owner, ownerKey } = row;
  return owner === null
    ? archiveId({ at: timeOfRow(row.id), key: row.key })
    : archiveId({ at: timeOfRow(owner), key: ownerKey ?? '' });
}

export function parseEntry(row: StoredEntry): ArchiveEntry {
  const at = timeOfRow(row.id);
  const id = archiveId({ at, key: row.key });
  const blob = blobId(row);
  const reportIds = reportIdsOf(row);
  const holds = row.holds?.split(',') ?? [];
  return {
    archiveId: id,
    timestamp: new Date(at),
    createdAt: new Date(at + row.lagMs),
    converterName: row.converter,
    converterVersion: row.version,
    parameters: JSON.parse(row.parameters) as Record<string, unknown>,
    sourcePath: row.folder + row.name,
    sha256: row.sha256,
    size: row.size,
    compressedSize: row.compressed,
    modifiedAt: new Date(at - row.ageMs),
    members: row.members,
    archivedPath: sourcePath(blob, row.ownerEnding ?? row.ending),
    sharedWith: blob === id ? null : blob,
    status: statusOf(row.status),
    error: row.error,
    durationMs: row.durationMs,
    deliveredAt: row.deliveredAfterMs === null ? null : new Date(at + row.deliveredAfterMs),
    reportId: reportIds[0] ?? null,
    reportIds,
    serialNumber: row.serial,
    partNumber: row.part,
    reports: row.reports,
    reportArchivedPath: row.reports > 0 ? reportPath(id, 0) : null,
    reportSize: row.reportSize,
    pinned: holds.includes('pin'),
    held: holds.includes('hold'),
    purgedAt: row.purgedAt === null ? null : new Date(row.purgedAt),
  };
}

const UUID = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/;

/** The form in which the server's ids are stored: a UUID as 16 bytes, anything else as text, several as a JSON array. */
export function storedReportId(ids: string | readonly string[] | undefined): {
  uuid: string | null;
  text: string | null;
} {
  if (ids === undefined) return { uuid: null, text: null };
  const [first, ...more] = typeof ids === 'string' ? [ids] : ids;
  if (first === undefined) return { uuid: null, text: null };
  if (more.length > 0) return { uuid: null, text: JSON.stringify([first, ...more]) };
  if (UUID.test(first)) return { uuid: first.replaceAll('-', ''), text: null };
  // What looks like our array stays one text.
  return { uuid: null, text: first.startsWith('[') ? JSON.stringify([first]) : first };
}

function reportIdsOf({ reportUuid, reportId }: StoredEntry): string[] {
  if (reportUuid !== null) return [reportUuid.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')];
  if (reportId === null) return [];
  return reportId.startsWith('[') ? (JSON.parse(reportId) as string[]) : [reportId];
}

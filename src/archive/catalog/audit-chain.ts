/** The audit log's records, each with a hash over itself and the one before: none can be changed unseen. */
import { createHash } from 'node:crypto';

/** Something that was done to the archive. */
export interface AuditRecord {
  /** From 1, without a gap. */
  sequence: number;
  at: Date;
  /** What was done: `purge`, `pin`, `unpin`, `hold`, `release`, `restore`, `reprocess`, `policy`, `rebuild`. */
  action: string;
  /** The archive id or the converter that it was done to, where it was one. */
  subject: string | null;
  /** More about it; plain JSON. */
  details: Readonly<Record<string, unknown>> | null;
  /** SHA-256 in hex over the record and the hash of the one before. */
  hash: string;
}

/** As SQL gives it. */
export interface StoredAudit {
  sequence: number;
  at: number;
  action: string;
  subject: string | null;
  details: string | null;
  hash: string;
}

/** What stands before the first record. */
export const FIRST_HASH = '0'.repeat(64);

export function auditHash(before: string, record: Omit<StoredAudit, 'hash'>): string {
  const { sequence, at, action, subject, details } = record;
  return createHash('sha256')
    .update(JSON.stringify([before, sequence, at, action, subject, details]))
    .digest('hex');
}

export function parseAudit(stored: StoredAudit): AuditRecord {
  const details = stored.details === null ? null : (JSON.parse(stored.details) as Record<string, unknown>);
  return { ...stored, at: new Date(stored.at), details };
}

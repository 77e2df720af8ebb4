/** A ledger row as SQL gives it. */
import type { FileRecord } from './file-record.js';
import { reportIds, uuidsOf } from './report-id.js';

/** As {@link FileRecord}, with SQL's notion of booleans, lists and bytes. */
export type StoredRecord = Omit<FileRecord, 'serverIds' | 'kept' | 'idempotencyKeys'> & {
  serverIds: string | null;
  kept: number;
  /** Hex digits, 32 a key; '' where no report was made, and in rows of a version that did not write them down. */
  keys: string;
};

export function parseRecord({ keys, ...row }: StoredRecord): FileRecord {
  return {
    ...row,
    idempotencyKeys: keys === '' ? reportIds(row, row.reports) : uuidsOf(keys),
    serverIds: row.serverIds === null ? [] : (JSON.parse(row.serverIds) as (string | null)[]),
    kept: row.kept === 1,
  };
}

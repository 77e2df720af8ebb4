/** A ledger row as SQL gives it. */
import type { FileRecord } from './file-record.js';

/** As {@link FileRecord}, with SQL's notion of booleans and lists. */
export type StoredRecord = Omit<FileRecord, 'serverIds' | 'kept'> & { serverIds: string | null; kept: number };

export function parseRecord(row: StoredRecord): FileRecord {
  return {
    ...row,
    serverIds: row.serverIds === null ? [] : (JSON.parse(row.serverIds) as (string | null)[]),
    kept: row.kept === 1,
  };
}

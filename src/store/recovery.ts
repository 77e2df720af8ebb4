/** Brings a worker to the state that the files hold, and says what was wrong with them. Changes no file. */
import { StoreError } from '../errors.js';
import type { FileSystem } from '../files/file-system.js';
import { type JournalScan, type ScanSink, scanJournal } from './journal-scan.js';
import type { JournalHeader } from './record.js';
import type { StoreSchema } from './schema.js';
import { readSnapshot } from './snapshot.js';
import type { SqlWorker } from './sql-worker.js';
import type { StoreFiles } from './store-files.js';

/** Records that may be on their way to the worker during a replay. */
const AHEAD_BYTES = 16 * 1024 * 1024;

/** A file that is damaged. */
export interface Damage {
  file: 'db' | 'old' | 'journal';
  message: string;
  lostRecords?: number;
}

/** What the files held. */
export interface Recovered {
  /** The number of the last record. */
  sequence: number;
  /** That of the last record in the snapshot. */
  snapshotSequence: number | undefined;
  snapshotBytes: number;
  /** The schema version of the snapshot; 0 where there is none. */
  snapshotVersion: number;
  old: JournalScan | undefined;
  journal: JournalScan | undefined;
  damages: Damage[];
}

/**
 * Loads the snapshot and replays the journals.
 *
 * @param journalLimit Only so much of the journal counts: the rest is being written now.
 * @throws StoreError `STORE_TOO_NEW`.
 */
export async function recover(
  fs: FileSystem,
  files: StoreFiles,
  schema: StoreSchema,
  worker: SqlWorker,
  journalLimit?: number,
): Promise<Recovered> {
  const snapshot = await readSnapshot(fs, files);
  const snapshotBytes = snapshot?.length ?? 0;
  const loaded = await worker.ask('load', { snapshot, schema }, snapshot ? [snapshot.buffer as ArrayBuffer] : []);
  if (loaded.damage === undefined) refuseNewer(loaded.version, schema, files.db);

  const damages: Damage[] = loaded.damage === undefined ? [] : [{ file: 'db', message: loaded.damage }];
  let sequence = loaded.sequence;
  const scan = async (file: 'old' | 'journal', limit?: number): Promise<JournalScan | undefined> => {
    const part = limit === undefined ? undefined : { from: 0, limit, last: undefined };
    const found = await scanJournal(fs, files[file], replayInto(worker, schema, files[file]), part);
    if (!found) return undefined;
    const missing = sequence === undefined ? 0 : Math.max(0, found.after - sequence);
    if (found.damaged || missing > 0) damages.push(describe(file, found, missing));
    sequence = Math.max(sequence ?? 0, found.last);
    return found;
  };
  const old = await scan('old');
  const journal = await scan('journal', journalLimit);
  const applied = await worker.ask('ready', undefined);
  return {
    sequence: Math.max(applied, sequence ?? 0),
    snapshotSequence: loaded.sequence,
    snapshotBytes,
    snapshotVersion: snapshot ? loaded.version : 0,
    old,
    journal,
    damages,
  };
}

/** Replays what was added to the journal since, from offset `from` to `limit`. */
export async function catchUp(
  fs: FileSystem,
  files: StoreFiles,
  schema: StoreSchema,
  worker: SqlWorker,
  part: { from: number; limit: number; last: number },
): Promise<JournalScan | undefined> {
  return scanJournal(fs, files.journal, replayInto(worker, schema, files.journal), part);
}

function replayInto(worker: SqlWorker, schema: StoreSchema, path: string): ScanSink {
  return {
    header: async (header: JournalHeader | undefined, after: number) => {
      if (header) refuseNewer(header.format > 1 ? Number.POSITIVE_INFINITY : header.version, schema, path);
      await worker.ask('journal', { header, after });
    },
    records: async bytes => {
      worker.apply(bytes);
      if (worker.backlogBytes > AHEAD_BYTES) await worker.ask('barrier', undefined);
    },
  };
}

function refuseNewer(version: number, schema: StoreSchema, path: string): void {
  if (version <= schema.version) return;
  throw new StoreError(
    'STORE_TOO_NEW',
    `${path} was written by a newer version (schema ${version}, this one knows ${schema.version})`,
  );
}

function describe(file: 'old' | 'journal', { damaged, lost }: JournalScan, missing: number): Damage {
  const lostRecords = lost + missing;
  const what = damaged ? 'the journal is damaged' : 'the journal does not follow the snapshot';
  const loss = lostRecords > 0 ? `at least ${lostRecords} writes are lost, the others were kept` : 'no write is lost';
  return { file, lostRecords, message: `${what}; ${loss}` };
}

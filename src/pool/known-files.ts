/** Files that the ledger has a row of: whether that row says all there is to say about what lies there now. */
import type { FileSystem } from '../files/file-system.js';
import { type FileIdentity, sameIdentity } from '../files/identity.js';
import type { FileRecord } from '../ledger/file-record.js';
import { mapConcurrently } from './batches.js';
import { type Found, type IntakeRoot, lookAtUnit } from './find-files.js';

const LOOKS_AT_ONCE = 32;
const ENDED: ReadonlySet<FileRecord['state']> = new Set(['completed', 'failed', 'skipped']);

/** The ledger's newest row for this path speaks of this very file and needs nothing from us now. */
export function isSettled(row: FileRecord, identity: FileIdentity): boolean {
  if (!sameIdentity(row, identity)) return false;
  switch (row.state) {
    case 'completed':
    case 'failed':
    case 'skipped':
      // Without KEEP the source has left, so this is a file that somebody brought back.
      return row.kept || row.cleanup !== null;
    case 'discovered':
      return row.location !== null;
    default:
      return true;
  }
}

/** Of these, those that the pool itself moved or deleted after they were looked at: nobody brought them back. */
export async function leftSince(
  fs: FileSystem,
  root: IntakeRoot,
  found: readonly Found[],
  known: ReadonlyMap<string, FileRecord>,
): Promise<ReadonlySet<Found>> {
  const left = new Set<Found>();
  const inDoubt = found.filter(({ path, look: { identity } }) => {
    const row = known.get(path);
    return row && ENDED.has(row.state) && sameIdentity(row, identity) && !isSettled(row, identity);
  });
  await mapConcurrently(inDoubt, LOOKS_AT_ONCE, async one => {
    // What cannot be looked at now has not left for that.
    const look = await lookAtUnit(fs, root, one).catch(() => one.look);
    if (!look) left.add(one);
  });
  return left;
}

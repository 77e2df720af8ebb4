/** Reads the archive back and compares: what is flipped, shortened or missing, and what nobody knows. */
import { sleep } from '../../clock.js';
import { IntegrityError, systemCode, toError } from '../../errors.js';
import type { ArchiveContext } from '../archive-context.js';
import { archiveId, timeOfRow } from '../archive-id.js';
import { referencePath, reportPath, sourcePath } from '../blobs/blob-path.js';
import { damaged, headerOf } from '../blobs/blob-reader.js';
import { blobId, type StoredEntry } from '../catalog/stored-entry.js';
import { readFound } from '../recovery.js';
import { filesOf, reportStream, reportsOf } from '../restore.js';
import { orphans } from './orphans.js';

/** How a {@link VerifyResult} comes about. */
export interface VerifyOptions {
  /**
   * How much of the archive, 1 to 100. Less than 100 goes on where the last run ended, so that ten runs of 10 see
   * everything. Default 100, with orphans; less looks for none.
   */
  percent?: number;
  /** Go on where a run was aborted or killed. Default false: from the beginning. */
  resume?: boolean;
  /** Read no faster than this, in compressed bytes a second. Default: as fast as it goes. */
  maxBytesPerSecond?: number;
  /** Ends the run after the entry at hand. */
  signal?: AbortSignal;
  /** Called after each entry. `total` is how many this run will look at. */
  onProgress?: (progress: { checked: number; total: number; damaged: number }) => void;
}

/** A file of the archive that is not what it should be. */
export interface Damage {
  archiveId: string;
  /** Relative to the archive's folder. */
  path: string;
  /** `corrupt`: its bytes are not those that were written, or not all of them. `orphan`: the catalog does not know it. */
  problem: 'corrupt' | 'missing' | 'orphan';
  message: string;
}

/** What `verify()` found. */
export interface VerifyResult {
  /** Entries that were looked at, with their reports. */
  checked: number;
  /** How many of these are sound. */
  ok: number;
  damaged: Damage[];
  /** False when `signal` ended it: `resume` goes on from there. */
  complete: boolean;
}

const CURSOR = 'verifiedUpTo';
/** So often is the place noted from which to go on. */
const NOTE_EVERY = 200;
const FIRST_ROW = -Number.MAX_SAFE_INTEGER;

export async function verify(context: ArchiveContext, options: VerifyOptions): Promise<VerifyResult> {
  const { catalog } = context;
  const { percent = 100, resume = false, signal, onProgress } = options;
  const full = percent >= 100;
  const noted = Number(
    (await catalog.query<{ name: string; value: number }>('meta')).find(row => row.name === CURSOR)?.value,
  );
  let after = (full && !resume) || Number.isNaN(noted) ? FIRST_ROW : noted;
  const counted = (await catalog.query<{ done: number; total: number }>('progress', [after]))[0] ?? {
    done: 0,
    total: 0,
  };
  const total = full
    ? counted.total - counted.done
    : Math.min(counted.total, Math.ceil((counted.total * percent) / 100));
  const result: VerifyResult = { checked: 0, ok: 0, damaged: [], complete: true };
  const pace = pacer(context, options.maxBytesPerSecond);
  let wrapped = full;
  while (result.checked < total) {
    const page = await catalog.query<StoredEntry>('walk', [after]);
    if (page.length === 0) {
      if (wrapped) break;
      wrapped = true;
      after = FIRST_ROW;
    }
    for (const entry of page) {
      if (result.checked >= total) break;
      if (signal?.aborted) {
        result.complete = false;
        break;
      }
      const found = await checkEntry(context, entry);
      result.damaged.push(...found);
      result.checked += 1;
      if (found.length === 0) result.ok += 1;
      after = entry.id;
      onProgress?.({ checked: result.checked, total, damaged: result.damaged.length });
      if (result.checked % NOTE_EVERY === 0) await note(context, after);
      await pace(entry.compressed + entry.reportStored, signal);
    }
    if (!result.complete) break;
  }
  await note(context, full && result.complete ? FIRST_ROW : after);
  if (full && result.complete) {
    for await (const orphan of orphans(context, signal)) result.damaged.push(orphan);
    if (signal?.aborted) result.complete = false;
  }
  return result;
}

/** Everything that is wrong with an entry's files. @param options.reports False looks at the source alone, also where its blob is shared. */
export async function checkEntry(
  context: ArchiveContext,
  entry: StoredEntry,
  { reports = true }: { reports?: boolean } = {},
): Promise<Damage[]> {
  const id = archiveId({ at: timeOfRow(entry.id), key: entry.key });
  const found: Damage[] = [];
  const check = async (path: string, read: () => Promise<void>): Promise<void> => {
    // What was wrong once may have been the way and not the disk: only what is wrong twice is damaged.
    const error = (await failure(read)) && (await failure(read));
    // Purged while it was read.
    if (!error || (await context.catalog.entryByRow(entry.id))?.purgedAt !== null) return;
    const missing = /: it is missing$/.test(error.message);
    found.push({ archiveId: id, path, problem: missing ? 'missing' : 'corrupt', message: error.message });
  };
  const path = sourcePath(blobId(entry), entry.ownerEnding ?? entry.ending);
  const owner = entry.owner === null ? undefined : await context.catalog.entryByRow(entry.owner);
  // A blob that several share is read once, for the entry that it was written for, as long as that is there.
  if (!reports || owner?.purgedAt !== null) await check(path, () => readSource(context, id, entry, path));
  if (entry.owner !== null) await check(referencePath(id), () => readReference(context, id, entry));
  if (!reports) return found;
  for (const report of await reportsOf(context, entry)) {
    await check(reportPath(id, report.position), async () => drain(await reportStream(context, id, report)));
  }
  return found;
}

async function readSource(context: ArchiveContext, id: string, entry: StoredEntry, path: string): Promise<void> {
  const absolute = context.blobs.path(path);
  const header = await headerOf(context.fs, absolute);
  if (header?.facts.id !== blobId(entry) || header.content.sha256 !== entry.sha256) {
    throw damaged(absolute, 'its header is not the one that was written');
  }
  const { size } = await context.fs.stat(absolute);
  if (size !== entry.compressed) throw damaged(absolute, `it has ${size} bytes in place of ${entry.compressed}`);
  for (const file of await filesOf(context, id, entry)) await drain(file.stream());
}

async function readReference(context: ArchiveContext, id: string, entry: StoredEntry): Promise<void> {
  const path = context.blobs.path(referencePath(id));
  // Names a file that is missing as the blobs do.
  await headerOf(context.fs, path);
  const found = await readFound(context, path);
  if (found?.sameAs !== blobId(entry) || found.sha256 !== entry.sha256 || found.header.id !== id) {
    throw damaged(path, 'it does not say what was written');
  }
}

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream) {
    // It is checked while it is read.
  }
}

async function failure(read: () => Promise<void>): Promise<Error | undefined> {
  try {
    await read();
    return undefined;
  } catch (thrown) {
    const error = toError(thrown);
    // A share that went away, or no permission, says nothing about the bytes.
    if (error instanceof IntegrityError || ['EIO', 'EBADMSG'].includes(systemCode(error) ?? '')) return error;
    throw error;
  }
}

function note({ catalog }: ArchiveContext, row: number): Promise<void> {
  return catalog.write([{ statement: 'setMeta', params: [CURSOR, row] }]);
}

/** Waits so long after each piece that no more than so many bytes are read in a second. */
function pacer(
  { clock }: ArchiveContext,
  maxBytesPerSecond = Number.POSITIVE_INFINITY,
): (bytes: number, signal: AbortSignal | undefined) => Promise<void> {
  const startedAt = clock.monotonic();
  let sum = 0;
  return async (bytes, signal) => {
    sum += bytes;
    const ahead = (sum / maxBytesPerSecond) * 1000 - (clock.monotonic() - startedAt);
    if (ahead > 0) await sleep(clock, ahead, signal);
  };
}

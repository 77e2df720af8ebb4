/** The books of a pool, compared with the folders: files in = reports out + files named. */
import { join } from 'node:path';
import { sleep } from '../clock.js';
import { exists } from '../files/free-name.js';
import { sameIdentity } from '../files/identity.js';
import type { FileRecord, FileState } from '../ledger/file-record.js';
import { otherReports, strangers } from './audit-strangers.js';
import { inBatches } from './batches.js';
import type { Engine } from './engine.js';
import { lookAtUnit, unitAt } from './find-files.js';
import { PlaceSet } from './place-set.js';

/** Something that the ledger says and a folder does not, or the other way round. */
export interface AuditDifference {
  kind: /** A file in a watch folder that the ledger does not know. */
    | 'unseen-file'
    /** The ledger has a file waiting that is not there. */
    | 'missing-source'
    /** A report should wait in the pending queue and does not. */
    | 'missing-report'
    /** A report is given up in the pending queue, and its file is not failed. */
    | 'unsettled-report'
    /** A source is not in the done, error or pending folder where it was put. */
    | 'missing-target'
    /** A file lies in a done, error or pending folder and the ledger does not know it. */
    | 'unknown-target'
    /** A report was given up in the pending queue, and no file of the ledger was made into it. */
    | 'unknown-report'
    /** A file waits for a converter that this pool has never had. */
    | 'without-converter'
    /** The archive does not know a file that it should have. */
    | 'missing-archive'
    /** The source of a finished file was not cleaned up yet. */
    | 'unfinished-cleanup';
  path?: string;
  /** The ledger's row, or the report. */
  id?: string;
  message: string;
  hint: string;
}

/** What `audit()` found. */
export interface Audit {
  /** Empty when the books balance. */
  differences: AuditDifference[];
  totals: {
    /** Files by state, with those whose rows were compacted away. */
    files: Partial<Record<FileState, number>>;
    /** Every file that was ever seen. */
    seen: number;
    /** Reports that the server has accepted or the pending queue holds. */
    reports: number;
    /** Reports in the pending queue. */
    pending: number;
    /** Of `pending`, those that no file of this pool was made into: what the host enqueued, replays, files dropped in. */
    pendingOthers: number;
    /** Of `files`, those that wait for a converter that is not in the pool. They are no difference where it was removed from it. */
    withoutConverter: number;
  };
}

/** Compares everything. Costs one listing of each folder and one look at each row that names a place. */
export async function audit(engine: Engine): Promise<Audit> {
  const differences: AuditDifference[] = [];
  await watchFolders(engine, differences);
  const places = new PlaceSet();
  const withoutConverter = await rows(engine, places, differences);
  await waitingReports(engine, differences);
  const pendingOthers = await otherReports(engine, differences);
  await strangers(engine, places, differences);
  const files: Partial<Record<FileState, number>> = {};
  let seen = 0;
  let reports = 0;
  for (const [state, count] of await engine.context.ledger.counts()) {
    files[state] = count.files;
    seen += count.files;
    reports += count.reports;
  }
  const pending = engine.context.pending.size;
  return { differences, totals: { files, seen, reports, pending, pendingOthers, withoutConverter } };
}

async function watchFolders(engine: Engine, differences: AuditDifference[]): Promise<void> {
  const { ledger, roster, fs } = engine.context;
  const away = engine.posts.away();
  for (const root of engine.posts.roots.filter(one => !away.includes(one.root))) {
    for await (const names of inBatches(root.list(), 256)) {
      const units = new Map(names.flatMap(name => [root.route(name) ?? []].flat().map(unit => [unit.path, unit])));
      const mine = [...units.values()].filter(unit => !roster.at(join(root.root, unit.path)));
      const known = await ledger.lookup(
        root.root,
        mine.map(unit => unit.path),
      );
      for (const unit of mine) {
        const path = join(root.root, unit.path);
        const row = known.get(unit.path);
        const look = await lookAtUnit(fs, root, unit).catch(() => undefined);
        // Taken in hand while this looked.
        if (
          !look ||
          roster.at(path) ||
          (row && sameIdentity(row, look.identity) && (row.kept || row.cleanup !== null || row.state === 'delivering'))
        )
          continue;
        differences.push({
          kind: 'unseen-file',
          path,
          message: 'It lies in the watch folder and the ledger does not have it in hand.',
          hint: 'The next rescan takes it. If it stays, check the permissions of the folder.',
        });
      }
    }
  }
}

/** @returns How many files wait for a converter that is not in the pool. */
async function rows(engine: Engine, places: PlaceSet, differences: AuditDifference[]): Promise<number> {
  const away = new Set(engine.posts.away());
  const { ledger, fs, roster, registry } = engine.context;
  let withoutConverter = 0;
  for (let afterId = 0; ; ) {
    const page = await ledger.page({ afterId, limit: 500 });
    await archived(engine, page, differences);
    for (const record of page) {
      afterId = record.id;
      if (record.location !== null) places.add(record.location);
      // Nothing can be said about a share that is away.
      if (roster.get(record.id) || away.has(record.root)) continue;
      const path = join(record.root, record.path);
      const id = String(record.id);
      const targetIsMissing = record.location !== null && !(await exists(fs, record.location));
      if (!isInOrder(record, targetIsMissing) && (await hasMovedOn(engine, record))) continue;
      if (targetIsMissing) {
        differences.push({ kind: 'missing-target', path: record.location ?? path, id, ...missingTarget(record) });
      } else if (IN_HAND.has(record.state) && !takerOf(engine, record) && (await exists(fs, record.location ?? path))) {
        withoutConverter += 1;
        if (registry.leftBehindBy(record)) continue;
        differences.push({
          kind: 'without-converter',
          path,
          id,
          message: `The ledger has it as ${record.state}, and no converter of this pool takes it.`,
          hint: 'Bring its converter back into the pool, or move the file to the watch folder of another one.',
        });
      } else if (IN_HAND.has(record.state)) {
        differences.push({
          kind: 'missing-source',
          path,
          id,
          message: `The ledger has it as ${record.state}, and the pool does not have it in hand.`,
          hint: 'If somebody removed the file, nothing can be done; if it exists elsewhere, drop it into the watch folder again.',
        });
      } else if (!isInOrder(record, false)) {
        differences.push({
          kind: 'unfinished-cleanup',
          path,
          id,
          message: `Its source is not cleaned up ('${record.cleanup}').`,
          hint: 'It is retried. Check the done and error folders of its converter.',
        });
      }
    }
    if (page.length === 0) return withoutConverter;
  }
}

async function archived(engine: Engine, page: readonly FileRecord[], differences: AuditDifference[]): Promise<void> {
  for (const { id, root, path, archiveId } of await engine.archivist.unknown(page)) {
    differences.push({
      kind: 'missing-archive',
      path: join(root, path),
      id: String(id),
      message: `It was archived as ${archiveId}, and the archive does not have that entry.`,
      hint: "Run the archive's rebuild(): it takes up what lies in its folders. If that does not help, its folder was replaced.",
    });
  }
}

/** The converter that a waiting file would go to. */
function takerOf({ posts, context }: Engine, { state, location, root, path, converter }: FileRecord): unknown {
  if (state === 'discovered' && location === null) {
    const watched = posts.roots.find(one => one.root === root);
    return watched && unitAt(watched, path);
  }
  return context.registry.get(converter);
}

/** States in which a file must be in hand. */
const IN_HAND: ReadonlySet<FileState> = new Set(['discovered', 'processing', 'suspended']);

/** Whether a row that nobody has in hand is as it should be. */
function isInOrder({ state, cleanup }: FileRecord, targetIsMissing: boolean): boolean {
  if (targetIsMissing || IN_HAND.has(state)) return false;
  return cleanup === null || (state === 'delivering' && cleanup === 'delete');
}

/** Whether the pool went on with a file after its row was read: work does not stand still for the books. */
async function hasMovedOn({ context }: Engine, { id, state, cleanup, location }: FileRecord): Promise<boolean> {
  const now = await context.ledger.get(id);
  return now?.state !== state || now.cleanup !== cleanup || now.location !== location;
}

async function waitingReports(engine: Engine, differences: AuditDifference[]): Promise<void> {
  const { ledger, pending, clock } = engine.context;
  for (let after = ''; ; ) {
    const page = await ledger.waitingReports(after);
    for (const { id, file } of page) {
      after = id;
      let gone = await isGone(engine, id);
      if (gone) {
        await sleep(clock, RENAME_MS);
        gone = await isGone(engine, id);
      }
      const item = pending.find(id);
      if (gone) {
        // Delivered since the page was read.
        const reports = await ledger.reportsOf({ id: file });
        if (!reports.some(report => report.id === id && report.state === 'queued')) continue;
        differences.push({
          kind: 'missing-report',
          id,
          message: 'It should wait in the pending queue and does not.',
          hint: 'Restart the pool: the report is made anew from its source, under the same id.',
        });
      } else if (item?.state === 'error') {
        differences.push({
          kind: 'unsettled-report',
          path: item.path,
          id,
          message: 'The pending queue gave it up, and its file does not know.',
          hint: 'Read the .error.json beside it; retryFailed() sends it again.',
        });
      }
    }
    if (page.length === 0) return;
  }
}

/** A file that the queue renames just now is under neither name for a moment. */
const RENAME_MS = 100;

/** Whether a report has no file. The queue itself finds out when it next sends it; the folder tells at once. */
async function isGone({ context }: Engine, id: string): Promise<boolean> {
  const item = context.pending.find(id);
  return !item || (item.state === 'queued' && !(await exists(context.fs, item.path)));
}

function missingTarget(record: FileRecord): Pick<AuditDifference, 'message' | 'hint'> {
  return record.state === 'completed'
    ? {
        message: 'Its reports are delivered; the source is not where it was put.',
        hint: 'Nothing is lost. If nobody cleaned up this folder on purpose, find out who did.',
      }
    : {
        message: `It is ${record.state}, and its source is not where it was put.`,
        hint: 'If the source exists elsewhere, drop it into the watch folder again.',
      };
}

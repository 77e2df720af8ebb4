/**
 * Makes the catalog again from the blobs' own headers, and what they cannot know (outcomes, pins, policies, the audit
 * log) from the change log beside them. Rows that are there and do not say what their blobs say are mended.
 */
import pLimit, { type LimitFunction } from 'p-limit';
import type { ArchiveContext } from '../archive-context.js';
import { REFERENCE_ENDING } from '../blobs/blob-path.js';
import type { Change } from '../catalog/catalog.js';
import { DICTIONARY_STATEMENTS } from '../catalog/statements.js';
import type { StoredEntry } from '../catalog/stored-entry.js';
import { wordsOf, wordsOfName } from '../catalog/words.js';
import { adopt, readFound } from '../recovery.js';
import { blobDays } from './blob-files.js';
import { type FoundReport, reportAt, takeReports } from './found-reports.js';
import { type Belief, replayChanges } from './replay-changes.js';

/** How a rebuild runs. */
export interface RebuildOptions {
  /** Ends it after the day at hand; what is done is kept, and a later run goes on with the rest. */
  signal?: AbortSignal;
  /** Called after each day of the archive. */
  onProgress?: (progress: { files: number; restored: number }) => void;
}

/** What `rebuild()` did. */
export interface RebuildResult {
  /** Files that were looked at. */
  files: number;
  /** Entries that were not in the catalog and are now. */
  restored: number;
  /** Reports that were not known and are now. */
  reports: number;
  /** Files that say nothing sound about themselves, relative to the archive's folder. */
  unreadable: string[];
}

/** So many headers are read at once. */
const AT_ONCE = 32;

/** @param belief What the rows that are there are worth: says how the change log is run. */
export async function rebuild(
  context: ArchiveContext,
  options: RebuildOptions,
  belief: Belief,
): Promise<RebuildResult> {
  const { catalog } = context;
  const { signal } = options;
  const result: RebuildResult = { files: 0, restored: 0, reports: 0, unreadable: [] };
  // What numbers in the rows stand for, before any is given anew.
  await replayChanges(context, belief, ({ statement }) => DICTIONARY_STATEMENTS.has(statement));
  await catalog.reload();
  await sources(context, options, result, path => !isReference(path));
  // Those that share a blob after those that have one.
  await sources(context, options, result, isReference);
  await reports(context, options, result);
  if (signal?.aborted) return result;
  await replayChanges(context, belief);
  await catalog.reload();
  await index(context, belief === 'none');
  await catalog.write([
    { statement: 'forgetHours', params: [] },
    { statement: 'countHours', params: [] },
  ]);
  return result;
}

const isReference = (path: string): boolean => path.endsWith(REFERENCE_ENDING);

async function sources(
  context: ArchiveContext,
  options: RebuildOptions,
  result: RebuildResult,
  wanted: (path: string) => boolean,
): Promise<void> {
  await eachDay(context, 'sources', options, result, async (paths, each) => {
    const todo = paths.filter(wanted);
    await each.map(todo, async path => {
      const found = await readFound(context, context.blobs.path(path));
      if (!found) result.unreadable.push(path);
      else if (await adopt(context, found)) result.restored += 1;
    });
    return todo.length;
  });
}

async function reports(context: ArchiveContext, options: RebuildOptions, result: RebuildResult): Promise<void> {
  await eachDay(context, 'reports', options, result, async (paths, each) => {
    const bySource = new Map<string, { report: FoundReport; path: string }[]>();
    await each.map(paths, async path => {
      const report = await reportAt(context, path);
      if (!report) result.unreadable.push(path);
      else bySource.set(report.id, [...(bySource.get(report.id) ?? []), { report, path }]);
    });
    await each.map([...bySource.values()], async found => {
      const added = await takeReports(
        context,
        found.map(({ report }) => report),
      );
      if (added === undefined) result.unreadable.push(...found.map(({ path }) => path));
      else result.reports += added;
    });
    return paths.length;
  });
}

/** @param take Takes a day's files, and says how many those were. */
async function eachDay(
  context: ArchiveContext,
  kind: 'sources' | 'reports',
  { signal, onProgress }: RebuildOptions,
  result: RebuildResult,
  take: (paths: readonly string[], each: LimitFunction) => Promise<number>,
): Promise<void> {
  const each = pLimit(AT_ONCE);
  for await (const { paths } of blobDays(context, kind)) {
    if (signal?.aborted) return;
    result.files += await take(paths, each);
    onProgress?.({ files: result.files, restored: result.restored });
  }
}

/** The words of every entry: those of its name are there already where its row is new. */
async function index({ catalog }: ArchiveContext, anew: boolean): Promise<void> {
  type Row = Pick<StoredEntry, 'id' | 'name' | 'serial' | 'error'>;
  for (let after = -Number.MAX_SAFE_INTEGER; ; ) {
    const rows = await catalog.query<Row>('forIndex', [after]);
    const last = rows.at(-1);
    if (!last) return;
    after = last.id;
    const changes = rows.flatMap(({ id, name, serial, error }): Change[] => {
      const words = wordsOf(anew ? null : wordsOfName(name), serial, error);
      return words === '' ? [] : [{ statement: 'addWords', params: [id, words] }];
    });
    await catalog.store.writeAll(changes);
  }
}

/**
 * Makes the catalog again from the blobs' own headers, and what they cannot know (outcomes, pins, policies, the audit
 * log) from the change log beside them. Rows that are there and do not say what their blob says are mended.
 */
import pLimit from 'p-limit';
import type { Mutation } from '../../store/journaled-store.js';
import type { ArchiveContext } from '../archive-context.js';
import { REFERENCE_ENDING } from '../blobs/blob-path.js';
import { headerOf } from '../blobs/blob-reader.js';
import type { ReportHeader } from '../blobs/source-header.js';
import type { Change } from '../catalog/catalog.js';
import { DICTIONARY_STATEMENTS } from '../catalog/statements.js';
import type { StoredEntry } from '../catalog/stored-entry.js';
import { wordsOf, wordsOfName } from '../catalog/words.js';
import { adopt, readFound } from '../recovery.js';
import { reportsOf } from '../restore.js';
import { blobDays } from './blob-files.js';

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
const CHANGES_AT_ONCE = 500;
/** Running these a second time would count twice; in a catalog that was not empty, they have run already. */
const NOT_TWICE: ReadonlySet<string> = new Set(['addToPurge']);

/** @param anew The catalog was empty: nothing of the change log is in it yet. */
export async function rebuild(context: ArchiveContext, options: RebuildOptions, anew: boolean): Promise<RebuildResult> {
  const result: RebuildResult = { files: 0, restored: 0, reports: 0, unreadable: [] };
  const each = pLimit(AT_ONCE);
  const { signal, onProgress } = options;
  const over = async (
    kind: 'sources' | 'reports',
    wanted: (path: string) => boolean,
    take: (path: string) => Promise<boolean | undefined>,
    count: () => void,
  ): Promise<void> => {
    for await (const { paths } of blobDays(context, kind)) {
      if (signal?.aborted) return;
      const todo = paths.filter(wanted);
      await each.map(todo, async path => {
        const taken = await take(path);
        if (taken === undefined) result.unreadable.push(path);
        else if (taken) count();
      });
      result.files += todo.length;
      onProgress?.({ files: result.files, restored: result.restored });
    }
  };
  const source = async (path: string): Promise<boolean | undefined> => {
    const found = await readFound(context, context.blobs.path(path));
    return found && adopt(context, found);
  };
  const restored = (): void => {
    result.restored += 1;
  };
  const reported = (): void => {
    result.reports += 1;
  };
  const isReference = (path: string): boolean => path.endsWith(REFERENCE_ENDING);
  // What numbers in the rows stand for, before any is given anew.
  await replayChanges(context, ({ statement }) => DICTIONARY_STATEMENTS.has(statement));
  await context.catalog.reload();
  await over('sources', path => !isReference(path), source, restored);
  // Those that share a blob after those that have one.
  await over('sources', isReference, source, restored);
  await over(
    'reports',
    () => true,
    path => takeReport(context, path),
    reported,
  );
  if (signal?.aborted) return result;
  await replayChanges(context, ({ statement }) => anew || !NOT_TWICE.has(statement));
  await context.catalog.reload();
  await index(context, anew);
  await context.catalog.write([
    { statement: 'forgetHours', params: [] },
    { statement: 'countHours', params: [] },
  ]);
  return result;
}

/** Puts a report into the catalog from what its file says; `undefined` when that is nothing sound, or nobody's. */
async function takeReport(context: ArchiveContext, path: string): Promise<boolean | undefined> {
  const { catalog, fs, blobs } = context;
  const header = await headerOf(fs, blobs.path(path));
  if (header?.facts.kind !== 'report') return undefined;
  const { id, position } = header.facts as unknown as ReportHeader;
  return context.contents.run(`reports of ${id}`, async () => {
    const entry = await catalog.entry(id);
    if (!entry) return undefined;
    if ((await reportsOf(context, entry)).some(report => report.position === position)) return false;
    const { size, sha256 } = header.content;
    const stored = (await fs.stat(blobs.path(path))).size;
    const digest = sha256.slice(0, 16);
    await catalog.write(
      position === 0
        ? [{ statement: 'firstReport', params: [entry.id, size, stored, digest] }]
        : [
            { statement: 'anotherReport', params: [entry.id, position, size, stored, digest] },
            { statement: 'countReports', params: [entry.id, position + 1, stored] },
          ],
    );
    return true;
  });
}

async function replayChanges({ catalog }: ArchiveContext, wanted: (change: Mutation) => boolean): Promise<void> {
  let batch: Change[] = [];
  // Straight to the store: the change log has these already.
  for await (const change of catalog.changes.read()) {
    if (!wanted(change)) continue;
    batch.push(change as Change);
    if (batch.length < CHANGES_AT_ONCE) continue;
    await catalog.store.writeAll(batch);
    batch = [];
  }
  await catalog.store.writeAll(batch);
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

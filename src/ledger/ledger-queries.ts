/** What the pool asks of its ledger. */

import { ContentFilter } from '../store/content-filter.js';
import type { JournaledStore } from '../store/journaled-store.js';
import type { Dictionary } from './dictionary.js';
import type { ConverterIdentity, FileRecord, FileState, ReportState } from './file-record.js';
import { pathKey } from './report-id.js';
import type { LEDGER_SCHEMA } from './schema.js';
import { parseRecord, type StoredRecord } from './stored-record.js';

/** The name of a query of the schema. */
export type Query = keyof typeof LEDGER_SCHEMA.queries;
/** What SQL takes and gives. */
export type Value = string | number | null;

/** The reading half of the ledger. Each query sees every change whose promise had resolved when it was asked. */
export abstract class LedgerQueries {
  /** The store below, for its events. */
  abstract readonly store: JournaledStore;
  /** The watch folders' ids. */
  protected abstract readonly roots: Dictionary;
  /** Which contents there may be. Most files have one that is new, and need not wait for an answer of the database. */
  protected readonly contents = new ContentFilter();

  /** The newest generation of each path that the ledger knows. */
  async lookup(root: string, paths: readonly string[]): Promise<Map<string, FileRecord>> {
    const rows = await this.#records('byPaths', [
      this.roots.idOf([root]),
      JSON.stringify(paths.map(path => [pathKey(root, path), path])),
    ]);
    return new Map(rows.map(record => [record.path, record]));
  }

  /** The generations of a path, newest first. */
  history(root: string, path: string, limit = 10): Promise<FileRecord[]> {
    return this.#records('byPathAnywhere', [pathKey(root, path), root, path, limit]);
  }

  /** Every watch folder that the ledger has ever seen a file in. */
  get knownRoots(): readonly string[] {
    return this.roots.all.flat();
  }

  /** The file, not yet or never completed, whose source lies at this place now. */
  async atLocation(location: string): Promise<FileRecord | undefined> {
    return (await this.#records('byLocation', [location]))[0];
  }

  /** As {@link atLocation}, among completed files. Reads all rows: for a person who asks, not for the pool. */
  async completedAtLocation(location: string): Promise<FileRecord | undefined> {
    return (await this.#records('byCompletedLocation', [location]))[0];
  }

  /** Of these places, those where the source of any file lies. Reads all rows, once. */
  async placed(locations: readonly string[]): Promise<Set<string>> {
    const rows = await this.query<{ location: string }>('placed', [JSON.stringify(locations)]);
    return new Set(rows.map(({ location }) => location));
  }

  /**
   * The time, in epoch ms, from which on the ledger has the row of every file that was completed: when it was made, or
   * when the youngest file was completed whose row was compacted away.
   */
  async completeSince(): Promise<number> {
    const meta = new Map((await this.query<{ name: string; value: Value }>('meta')).map(row => [row.name, row.value]));
    const compactedUntil = meta.get('compactedUntil');
    return Math.max(Number(meta.get('createdAt') ?? 0), compactedUntil ? Number(compactedUntil) + SETTLING_MS : 0);
  }

  async get(id: number): Promise<FileRecord | undefined> {
    return (await this.#records('byId', [id]))[0];
  }

  /** Another file with this content whose reports are delivered or on their way. */
  async deliveredTwin(record: FileRecord, sha256: string, converterName: string): Promise<FileRecord | undefined> {
    if (!this.contents.mayHave(sha256)) return undefined;
    return (await this.#records('delivered', [sha256, converterName, record.id]))[0];
  }

  /** How many other files with this content were delivered. */
  async occurrences(record: FileRecord, sha256: string, converterName: string): Promise<number> {
    if (!this.contents.mayHave(sha256)) return 0;
    return (await this.query<{ count: number }>('occurrences', [sha256, converterName, record.id]))[0]?.count ?? 0;
  }

  /** Files that were being converted when the process ended, suspended ones, and those that were about to be retried. */
  async interrupted(): Promise<FileRecord[]> {
    return [...(await this.#records('interrupted')), ...(await this.#records('takenBack'))];
  }

  /** Files to whose source something is still to be done, a thousand at a time, by ascending id. */
  toClean(afterId: number): Promise<FileRecord[]> {
    return this.#records('toClean', [afterId]);
  }

  /** Files that failed with this converter in another version or with other arguments, a thousand at a time. */
  outdated(converter: ConverterIdentity, afterId: number): Promise<FileRecord[]> {
    return this.#records('outdated', [afterId, converter.name, converter.version, converter.parameters]);
  }

  /** A page of rows by ascending id. */
  page(filter: {
    state?: FileState | undefined;
    converterName?: string | undefined;
    afterId: number;
    limit: number;
  }): Promise<FileRecord[]> {
    const { state = null, converterName = null, afterId, limit } = filter;
    const query = state === null || TERMINAL_AND_MANY.has(state) ? 'page' : 'pageAtWork';
    return this.#records(query, [afterId, state, converterName, limit]);
  }

  async fileOfReport(reportId: string): Promise<FileRecord | undefined> {
    return (await this.#records('fileOfReport', [reportId]))[0];
  }

  /** Of these reports, those of files that are not completed. */
  async knownReports(ids: readonly string[]): Promise<Set<string>> {
    return new Set((await this.query<{ id: string }>('knownReports', [JSON.stringify(ids)])).map(({ id }) => id));
  }

  /** The reports of a file that is being delivered. */
  reportsOf(record: Pick<FileRecord, 'id'>): Promise<{ id: string; position: number; state: ReportState }[]> {
    return this.query('reportsOf', [record.id]);
  }

  /** Reports that should lie in the pending queue, a thousand at a time, by ascending id. */
  waitingReports(afterReportId: string): Promise<{ id: string; file: number; position: number }[]> {
    return this.query('waitingReports', [afterReportId]);
  }

  /** How many files are in each state and how many reports they gave, with those whose rows were compacted away. */
  async counts(): Promise<Map<FileState, { files: number; reports: number }>> {
    type Row = { state: FileState; files: number; reports: number };
    const counts = new Map<FileState, { files: number; reports: number }>();
    for (const query of ['counts', 'compacted'] as const) {
      for (const { state, files, reports } of await this.query<Row>(query)) {
        const sum = counts.get(state);
        counts.set(state, { files: files + (sum?.files ?? 0), reports: reports + (sum?.reports ?? 0) });
      }
    }
    return counts;
  }

  /** Rows that may be compacted: finished before `before`, or among the `maxRows` newest no more. 500 at a time. */
  async compactable(
    afterId: number,
    before: number,
    maxRows: number,
  ): Promise<
    { id: number; root: string; path: string; state: FileState; reports: number; kept: boolean; completedAt: number }[]
  > {
    const nth = (await this.query<{ id: number }>('nthNewest', [maxRows]))[0]?.id ?? 0;
    const rows = await this.query<{
      id: number;
      root: string;
      path: string;
      state: FileState;
      reports: number;
      kept: number;
      completedAt: number;
    }>('compactable', [afterId, before, nth]);
    return rows.map(row => ({ ...row, kept: row.kept === 1 }));
  }

  protected query<Row>(query: Query, params: readonly Value[] = []): Promise<Row[]> {
    return this.store.query<Row>(query, params);
  }

  async #records(query: Query, params: readonly Value[] = []): Promise<FileRecord[]> {
    return (await this.query<StoredRecord>(query, params)).map(parseRecord);
  }
}

/** A source that was moved may be touched for so long after its row was completed, and the clock of a share differs. */
const SETTLING_MS = 120_000;

/** States whose rows have no index of their own, since nearly all rows are in them. */
const TERMINAL_AND_MANY: ReadonlySet<FileState> = new Set(['completed', 'skipped']);

/** The custody ledger: one row a file generation, in exactly one state, durable before anything relies on it. */
import { v4 as uuidv4 } from 'uuid';
import type { Clock } from '../clock.js';
import type { FileSystem } from '../files/file-system.js';
import type { FileIdentity } from '../files/identity.js';
import type { Logger } from '../observe/logger.js';
import { JournaledStore } from '../store/journaled-store.js';
import { Dictionary } from './dictionary.js';
import type { Cleanup, FileRecord, FileState } from './file-record.js';
import { correlationId, pathKey } from './report-id.js';
import { LEDGER_SCHEMA } from './schema.js';
import { parseRecord, type StoredRecord } from './stored-record.js';

/** What {@link Ledger} is made with. */
export interface LedgerOptions {
  /** The folder of `ledger.db` and `ledger.journal`. Whoever opens the ledger owns the folder's lock. */
  directory: string;
  fs: FileSystem;
  clock: Clock;
  logger: Logger;
}

/** The converter that a file is claimed for. */
export interface ConverterIdentity {
  name: string;
  version: string;
  /** A checksum of its arguments. */
  parameters: string;
}

type Statement = keyof typeof LEDGER_SCHEMA.statements;
type Query = keyof typeof LEDGER_SCHEMA.queries;
type Value = string | number | null;

/**
 * Every method that changes a row returns the row as it then is. Those that return a promise resolve when the change is
 * durable; the others are durable before any later change of the same ledger is.
 */
export class Ledger {
  /** The store below, for its events. */
  readonly store: JournaledStore;
  readonly #clock: Clock;
  readonly #onError: (error: Error) => void;
  readonly #roots = new Dictionary(row => this.#later('addRoot', row));
  readonly #converters = new Dictionary(row => this.#later('addConverter', row));
  #id = '';
  #lastId = 0;

  constructor(options: LedgerOptions, onError: (error: Error) => void) {
    this.store = new JournaledStore({ ...options, name: 'ledger', schema: LEDGER_SCHEMA });
    this.#clock = options.clock;
    this.#onError = onError;
  }

  /** Opens it, creating it where there is none. @throws StoreError when it cannot be opened. */
  async open(): Promise<void> {
    await this.store.open();
    const meta = new Map((await this.#query<{ name: string; value: Value }>('meta')).map(row => [row.name, row.value]));
    this.#id = String(meta.get('id') ?? uuidv4());
    if (!meta.has('id')) {
      await this.#write('setMeta', ['id', this.#id]);
      await this.#write('setMeta', ['createdAt', this.#clock.now()]);
    }
    const newest = (await this.#query<{ id: number }>('lastId'))[0]?.id ?? 0;
    this.#lastId = Math.max(newest, Number(meta.get('lastId') ?? 0));
    for (const { id, path } of await this.#query<{ id: number; path: string }>('roots')) this.#roots.load(id, [path]);
    for (const row of await this.#query<ConverterIdentity & { id: number }>('converters')) {
      this.#converters.load(row.id, [row.name, row.version, row.parameters]);
    }
  }

  /** Checkpoints and closes. */
  close(): Promise<void> {
    return this.store.close();
  }

  correlationId(record: Pick<FileRecord, 'id'>): string {
    return correlationId(this.#id, record.id);
  }

  /** A file, or a new generation of one, was seen. */
  seen(root: string, path: string, identity: FileIdentity, attempts = 0): FileRecord {
    const now = this.#clock.now();
    const id = ++this.#lastId;
    const { size, mtimeMs, ino } = identity;
    this.#later('seen', [id, this.#roots.idOf([root]), path, pathKey(root, path), size, mtimeMs, ino, now, attempts]);
    return {
      id,
      root,
      path,
      size,
      mtimeMs,
      ino,
      attempts,
      state: 'discovered',
      sha256: null,
      occurrence: 0,
      firstSeenAt: now,
      converter: null,
      converterVersion: null,
      parameters: null,
      reports: 0,
      serverIds: [],
      archiveId: null,
      reason: null,
      code: null,
      notBefore: null,
      cleanup: null,
      location: null,
      kept: false,
      updatedAt: now,
      completedAt: null,
    };
  }

  /** Step 1: the file is taken for conversion, and the attempt counts whatever happens next. */
  async claim(
    record: FileRecord,
    converter: ConverterIdentity,
    content: FileIdentity & { sha256: string; occurrence: number },
  ): Promise<FileRecord> {
    const attempts = record.attempts + 1;
    const { sha256, occurrence, size, mtimeMs, ino } = content;
    const converterId = this.#converters.idOf([converter.name, converter.version, converter.parameters]);
    await this.#write('claimed', [
      record.id,
      attempts,
      converterId,
      sha256,
      occurrence,
      size,
      mtimeMs,
      ino,
      this.#clock.now(),
    ]);
    return {
      ...record,
      state: 'processing',
      attempts,
      sha256,
      occurrence,
      size,
      mtimeMs,
      ino,
      reason: null,
      code: null,
      converter: converter.name,
      converterVersion: converter.version,
      parameters: converter.parameters,
      notBefore: null,
    };
  }

  /** The attempt came to nothing that counts as an end: the file waits to be tried again. */
  async release(record: FileRecord, reason: string, options: { uncount?: boolean } = {}): Promise<FileRecord> {
    const attempts = record.attempts - (options.uncount ? 1 : 0);
    await this.#write('released', [record.id, attempts, reason, this.#clock.now()]);
    return { ...record, state: 'discovered', attempts, reason };
  }

  /** Step 5 where the server has accepted all reports. */
  async delivered(
    record: FileRecord,
    serverIds: readonly (string | null)[],
    cleanup: Cleanup | null,
  ): Promise<FileRecord> {
    await this.#write('delivered', [
      record.id,
      serverIds.length,
      JSON.stringify(serverIds),
      cleanup,
      this.#clock.now(),
    ]);
    return { ...record, state: 'cleaning', reports: serverIds.length, serverIds, cleanup };
  }

  /** Step 5 where some reports wait in the pending queue. `waiting` are their ids with their positions in the file. */
  async delivering(
    record: FileRecord,
    serverIds: readonly (string | null)[],
    waiting: readonly { id: string; position: number }[],
    cleanup: Cleanup,
  ): Promise<FileRecord> {
    await this.store.writeAll([
      {
        statement: 'delivering',
        params: [record.id, serverIds.length, JSON.stringify(serverIds), cleanup, this.#clock.now()],
      },
      ...waiting.map(report => ({ statement: 'waitingReport', params: [report.id, record.id, report.position] })),
    ]);
    return { ...record, state: 'delivering', reports: serverIds.length, serverIds, cleanup };
  }

  /** A waiting report came to its end. */
  async reportSettled(
    record: FileRecord,
    id: string,
    state: 'delivered' | 'refused',
    serverIds: readonly (string | null)[],
  ): Promise<FileRecord> {
    await this.store.writeAll([
      { statement: 'reportSettled', params: [id, state] },
      { statement: 'serverIds', params: [record.id, JSON.stringify(serverIds), this.#clock.now()] },
    ]);
    return { ...record, serverIds };
  }

  /** The source is cleaned up while its reports still wait. */
  async cleaned(record: FileRecord, location: string | null, kept: boolean): Promise<FileRecord> {
    await this.#write('cleaned', [record.id, location, Number(kept), this.#clock.now()]);
    return { ...record, cleanup: null, location, kept };
  }

  /** Step 7: delivered and cleaned up. */
  async completed(record: FileRecord, location: string | null, kept: boolean): Promise<FileRecord> {
    const now = this.#clock.now();
    await this.store.writeAll([
      { statement: 'completed', params: [record.id, location, Number(kept), now] },
      { statement: 'forgetReports', params: [record.id] },
    ]);
    return { ...record, state: 'completed', cleanup: null, location, kept, completedAt: now };
  }

  /** It cannot be converted or delivered. */
  async failed(
    record: FileRecord,
    why: { reason: string; code: string; cleanup: Cleanup | null; converter?: ConverterIdentity },
  ): Promise<FileRecord> {
    const now = this.#clock.now();
    const converterId = why.converter
      ? this.#converters.idOf([why.converter.name, why.converter.version, why.converter.parameters])
      : null;
    await this.#write('failed', [record.id, why.reason, why.code, why.cleanup, converterId, now]);
    return { ...record, state: 'failed', reason: why.reason, code: why.code, cleanup: why.cleanup, completedAt: now };
  }

  /** There is nothing to deliver, on purpose. */
  async skipped(
    record: FileRecord,
    why: { reason: string; cleanup: Cleanup | null; converter?: ConverterIdentity; sha256?: string },
  ): Promise<FileRecord> {
    const now = this.#clock.now();
    const converterId = why.converter
      ? this.#converters.idOf([why.converter.name, why.converter.version, why.converter.parameters])
      : null;
    await this.#write('skipped', [record.id, why.reason, why.cleanup, converterId, why.sha256 ?? null, now]);
    return { ...record, state: 'skipped', reason: why.reason, cleanup: why.cleanup, completedAt: now };
  }

  /** The converter asked for a later retry. */
  async suspended(record: FileRecord, reason: string, notBefore: number): Promise<FileRecord> {
    await this.#write('suspended', [record.id, reason, notBefore, 'pending', this.#clock.now()]);
    return { ...record, state: 'suspended', reason, notBefore, cleanup: 'pending' };
  }

  /** What had to be done to the source of a file in an end state is done. */
  async located(record: FileRecord, location: string | null, kept: boolean): Promise<FileRecord> {
    await this.#write('located', [record.id, location, Number(kept), this.#clock.now()]);
    return { ...record, cleanup: null, location, kept };
  }

  /** A failed file is taken up again, with its attempts forgotten. */
  async retaken(record: FileRecord): Promise<FileRecord> {
    await this.#write('retaken', [record.id, this.#clock.now()]);
    return { ...record, state: 'discovered', attempts: 0, reason: null, code: null, cleanup: null, completedAt: null };
  }

  /** The newest generation of each path that the ledger knows. */
  async lookup(root: string, paths: readonly string[]): Promise<Map<string, FileRecord>> {
    const rows = await this.#records('byPaths', [
      this.#roots.idOf([root]),
      JSON.stringify(paths.map(path => [pathKey(root, path), path])),
    ]);
    return new Map(rows.map(record => [record.path, record]));
  }

  /** The generations of a path, newest first. */
  history(root: string, path: string, limit = 10): Promise<FileRecord[]> {
    return this.#records('byPathAnywhere', [pathKey(root, path), root, path, limit]);
  }

  /** The file, not yet or never completed, whose source lies at this place now. */
  async atLocation(location: string): Promise<FileRecord | undefined> {
    return (await this.#records('byLocation', [location]))[0];
  }

  /** As {@link atLocation}, among completed files. Reads all rows: for a person who asks, not for the pool. */
  async completedAtLocation(location: string): Promise<FileRecord | undefined> {
    return (await this.#records('byCompletedLocation', [location]))[0];
  }

  async get(id: number): Promise<FileRecord | undefined> {
    return (await this.#records('byId', [id]))[0];
  }

  /** Another file with this content whose reports are delivered or on their way. */
  async deliveredTwin(record: FileRecord, sha256: string, converterName: string): Promise<FileRecord | undefined> {
    return (await this.#records('delivered', [sha256, converterName, record.id]))[0];
  }

  /** How many other files with this content were delivered. */
  async occurrences(record: FileRecord, sha256: string, converterName: string): Promise<number> {
    return (await this.#query<{ count: number }>('occurrences', [sha256, converterName, record.id]))[0]?.count ?? 0;
  }

  /** Files that were being converted when the process ended, and suspended ones. */
  interrupted(): Promise<FileRecord[]> {
    return this.#records('interrupted');
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

  /** The reports of a file that is being delivered. */
  reportsOf(
    record: Pick<FileRecord, 'id'>,
  ): Promise<{ id: string; position: number; state: 'queued' | 'delivered' | 'refused' }[]> {
    return this.#query('reportsOf', [record.id]);
  }

  /** Reports that should lie in the pending queue, a thousand at a time, by ascending id. */
  waitingReports(afterReportId: string): Promise<{ id: string; file: number; position: number }[]> {
    return this.#query('waitingReports', [afterReportId]);
  }

  /** How many files are in each state and how many reports they gave, with those whose rows were compacted away. */
  async counts(): Promise<Map<FileState, { files: number; reports: number }>> {
    type Row = { state: FileState; files: number; reports: number };
    const counts = new Map<FileState, { files: number; reports: number }>();
    for (const query of ['counts', 'compacted'] as const) {
      for (const { state, files, reports } of await this.#query<Row>(query)) {
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
  ): Promise<{ id: number; root: string; path: string; state: FileState; reports: number; kept: boolean }[]> {
    const nth = (await this.#query<{ id: number }>('nthNewest', [maxRows]))[0]?.id ?? 0;
    const rows = await this.#query<{
      id: number;
      root: string;
      path: string;
      state: FileState;
      reports: number;
      kept: number;
    }>('compactable', [afterId, before, nth]);
    return rows.map(row => ({ ...row, kept: row.kept === 1 }));
  }

  /** Removes rows and keeps their number, so that the books still balance. */
  async compact(rows: readonly { id: number; state: FileState; reports: number }[]): Promise<void> {
    await this.store.writeAll([
      { statement: 'setMeta', params: ['lastId', this.#lastId] },
      ...rows.flatMap(({ id, state, reports }) => [
        { statement: 'forgetReports', params: [id] },
        { statement: 'forget', params: [id] },
        { statement: 'countCompacted', params: [state, reports] },
      ]),
    ]);
  }

  #write(statement: Statement, params: readonly Value[]): Promise<void> {
    return this.store.write(statement, params);
  }

  #later(statement: Statement, params: readonly Value[]): void {
    this.#write(statement, params).catch(this.#onError);
  }

  #query<Row>(query: Query, params: readonly Value[] = []): Promise<Row[]> {
    return this.store.query<Row>(query, params);
  }

  async #records(query: Query, params: readonly Value[] = []): Promise<FileRecord[]> {
    return (await this.#query<StoredRecord>(query, params)).map(parseRecord);
  }
}

/** States whose rows have no index of their own, since nearly all rows are in them. */
const TERMINAL_AND_MANY: ReadonlySet<FileState> = new Set(['completed', 'skipped']);

/** The custody ledger: one row a file generation, in exactly one state, durable before anything relies on it. */
import { v4 as uuidv4 } from 'uuid';
import type { Clock } from '../clock.js';
import type { FileSystem } from '../files/file-system.js';
import type { FileIdentity } from '../files/identity.js';
import type { Logger } from '../observe/logger.js';
import type { ContentPage } from '../store/content-filter.js';
import { JournaledStore, type Mutation } from '../store/journaled-store.js';
import { Dictionary } from './dictionary.js';
import type { Cleanup, ConverterIdentity, FileRecord, FileState, ReportState } from './file-record.js';
import { LedgerQueries, type Value } from './ledger-queries.js';
import { correlationId, pathKey, reportIds } from './report-id.js';
import { LEDGER_SCHEMA } from './schema.js';

/** What {@link Ledger} is made with. */
export interface LedgerOptions {
  /** The folder of `ledger.db` and `ledger.journal`. Whoever opens the ledger owns the folder's lock. */
  directory: string;
  fs: FileSystem;
  clock: Clock;
  logger: Logger;
}

const OWED_AT_ONCE = 1_000;

type Statement = keyof typeof LEDGER_SCHEMA.statements;

/**
 * Every method that changes a row returns the row as it then is. Those that return a promise resolve when the change is
 * durable; the others are durable before any later change of the same ledger is.
 */
export class Ledger extends LedgerQueries {
  /** The store below, for its events. */
  readonly store: JournaledStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onError: (error: Error) => void;
  protected readonly roots = new Dictionary(row => this.#later('addRoot', row));
  readonly #converters = new Dictionary(row => this.#later('addConverter', row));
  /** Rows that nobody waited for and that could not be written: the next change brings them along. */
  #owed: Mutation[] = [];
  /** The newest of these writes. Those before it are dealt with when it is. */
  #newest: Promise<void> = Promise.resolve();
  #closing = false;
  #id = '';
  #lastId = 0;
  /** When the youngest file was completed whose row is gone, in epoch ms. */
  #compactedUntil = 0;
  /** What the ledger's own clock is ahead of the process's. */
  #monotonicStart = 0;

  constructor(options: LedgerOptions, onError: (error: Error) => void) {
    super();
    this.store = new JournaledStore({ ...options, name: 'ledger', schema: LEDGER_SCHEMA });
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#onError = onError;
  }

  /** Opens it, creating it where there is none. @throws StoreError when it cannot be opened. */
  async open(): Promise<void> {
    await this.store.open();
    const meta = new Map((await this.query<{ name: string; value: Value }>('meta')).map(row => [row.name, row.value]));
    this.#id = String(meta.get('id') ?? uuidv4());
    if (!meta.has('id')) {
      await this.#write('setMeta', ['id', this.#id]);
      await this.#write('setMeta', ['createdAt', this.#clock.now()]);
    }
    const [newest] = await this.query<{ id: number; monotonic: number | null }>('last');
    this.#lastId = Math.max(newest?.id ?? 0, Number(meta.get('lastId') ?? 0));
    const last = Math.max(newest?.monotonic ?? 0, Number(meta.get('lastMonotonic') ?? 0));
    this.#compactedUntil = Number(meta.get('compactedUntil') ?? 0);
    this.#monotonicStart = last - this.#clock.monotonic();
    for (const { id, path } of await this.query<{ id: number; path: string }>('roots')) this.roots.load(id, [path]);
    for (const row of await this.query<ConverterIdentity & { id: number }>('converters')) {
      this.#converters.load(row.id, [row.name, row.version, row.parameters]);
    }
    void this.contents.fill(async row => (await this.query<ContentPage>('contents', [row]))[0], this.#logger);
    this.#tellMeanings();
    this.store.on('checkpointed', () => {
      if (!this.#closing) this.#tellMeanings();
    });
  }

  /**
   * Rows hold numbers that stand for watch folders and converters. What they stand for is in the snapshot, and in each
   * journal, too: should the snapshot be damaged, the rows of the journal keep their meaning.
   */
  #tellMeanings(): void {
    this.#later('setMeta', ['id', this.#id]);
    this.roots.tellAgain();
    this.#converters.tellAgain();
  }

  /** Checkpoints and closes. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.contents.end();
    await this.store.close();
  }

  /** Resolves when every change so far is durable and seen by queries. @throws StoreError when one cannot be written. */
  async caughtUp(): Promise<void> {
    await this.#newest;
    await this.#writeAll([]);
  }

  correlationId(record: Pick<FileRecord, 'id'>): string {
    return correlationId(this.#id, record.id);
  }

  /** A file, or a new generation of one, was seen. */
  seen(root: string, path: string, identity: FileIdentity, attempts = 0): FileRecord {
    const now = this.#clock.now();
    const id = ++this.#lastId;
    const { size, mtimeMs, ino } = identity;
    const monotonic = this.#monotonicMs();
    const place = [this.roots.idOf([root]), path, pathKey(root, path)];
    this.#later('seen', [id, ...place, size, mtimeMs, ino, now, attempts, monotonic]);
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
      firstSeenMonotonicMs: monotonic,
      converter: null,
      converterVersion: null,
      parameters: null,
      reports: 0,
      idempotencyKeys: [],
      serverIds: [],
      archiveId: null,
      supersedes: null,
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

  /**
   * Step 1: the file is taken for conversion, and the attempt counts whatever happens next.
   * @param converter `null` while several are asked which of them takes it; see {@link chosen}.
   */
  async claim(
    record: FileRecord,
    converter: ConverterIdentity | null,
    content: FileIdentity & { sha256: string; occurrence: number },
  ): Promise<FileRecord> {
    const attempts = record.attempts + 1;
    const { sha256, occurrence, size, mtimeMs, ino } = content;
    this.contents.add(sha256);
    await this.#write('claimed', [
      record.id,
      attempts,
      converter && this.#idOf(converter),
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
      cleanup: null,
      ...booked(converter),
      notBefore: null,
    };
  }

  /** Step 1 of a file that several converters were asked about: this one has it, whatever any of them says later. */
  async chosen(record: FileRecord, converter: ConverterIdentity, occurrence: number): Promise<FileRecord> {
    await this.#write('chosen', [record.id, this.#idOf(converter), occurrence, this.#clock.now()]);
    return { ...record, ...booked(converter), occurrence };
  }

  /** Step 2: its source is in the archive. Durable before any later change of the file is. */
  archived(record: FileRecord, archiveId: string): FileRecord {
    this.#later('archived', [record.id, archiveId]);
    return { ...record, archiveId };
  }

  /** A generation goes on where an earlier one ended, of which reports were made. Durable with the next change. */
  superseding(record: FileRecord, earlier: Pick<FileRecord, 'id'>): FileRecord {
    this.#later('superseding', [record.id, earlier.id]);
    return { ...record, supersedes: earlier.id };
  }

  /**
   * A source changed after it was read, and lies here now: that is another generation. Where the earlier one lay there,
   * the file is no longer its.
   */
  async grown(earlier: FileRecord, identity: FileIdentity, location: string): Promise<FileRecord> {
    const { root, path } = earlier;
    const record = this.seen(root, path, identity);
    const now = this.#clock.now();
    await this.#writeAll([
      { statement: 'located', params: [record.id, location, 0, now] },
      ...(earlier.location === location ? [{ statement: 'located', params: [earlier.id, null, 0, now] }] : []),
    ]);
    return { ...record, location };
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
    const reports = serverIds.length;
    const idempotencyKeys = reportIds(record, reports);
    const params = [record.id, reports, JSON.stringify(serverIds), cleanup, this.#clock.now(), hexOf(idempotencyKeys)];
    await this.#write('delivered', params);
    return { ...record, state: 'cleaning', reports, serverIds, idempotencyKeys, cleanup };
  }

  /** Step 5 where some reports wait in the pending queue. `waiting` are their ids with their positions in the file. */
  async delivering(
    record: FileRecord,
    serverIds: readonly (string | null)[],
    waiting: readonly { id: string; position: number }[],
    cleanup: Cleanup,
  ): Promise<FileRecord> {
    const reports = serverIds.length;
    const idempotencyKeys = reportIds(record, reports);
    const params = [record.id, reports, JSON.stringify(serverIds), cleanup, this.#clock.now(), hexOf(idempotencyKeys)];
    await this.#writeAll([
      { statement: 'delivering', params },
      // What became of them at an earlier try, of which some were never sent, is over: all but these are delivered now.
      { statement: 'forgetReports', params: [record.id] },
      ...waiting.map(report => ({ statement: 'report', params: [report.id, record.id, report.position, 'queued'] })),
    ]);
    return { ...record, state: 'delivering', reports, serverIds, idempotencyKeys, cleanup };
  }

  /** One of its reports was refused at once; what became of each is kept, should the refused one be sent after all. */
  async undelivered(
    record: FileRecord,
    serverIds: readonly (string | null)[],
    reports: readonly { id: string; position: number; state: ReportState }[],
  ): Promise<FileRecord> {
    const count = serverIds.length;
    const idempotencyKeys = reportIds(record, count);
    const params = [record.id, JSON.stringify(serverIds), count, this.#clock.now(), hexOf(idempotencyKeys)];
    await this.#writeAll([
      { statement: 'undelivered', params },
      { statement: 'forgetReports', params: [record.id] },
      ...reports.map(({ id, position, state }) => ({ statement: 'report', params: [id, record.id, position, state] })),
    ]);
    return { ...record, serverIds, idempotencyKeys, reports: count };
  }

  /** A waiting report came to its end. */
  async reportSettled(
    record: FileRecord,
    id: string,
    state: 'delivered' | 'refused',
    serverIds: readonly (string | null)[],
  ): Promise<FileRecord> {
    await this.#writeAll([
      { statement: 'reportSettled', params: [id, state] },
      { statement: 'serverIds', params: [record.id, JSON.stringify(serverIds), serverIds.length, this.#clock.now()] },
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
    await this.#writeAll([
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
    const converterId = why.converter ? this.#idOf(why.converter) : null;
    await this.#write('failed', [record.id, why.reason, why.code, why.cleanup, converterId, now]);
    return { ...record, state: 'failed', reason: why.reason, code: why.code, cleanup: why.cleanup, completedAt: now };
  }

  /** There is nothing to deliver, on purpose. */
  async skipped(
    record: FileRecord,
    why: { reason: string; cleanup: Cleanup | null; converter?: ConverterIdentity; sha256?: string },
  ): Promise<FileRecord> {
    const now = this.#clock.now();
    const converterId = why.converter ? this.#idOf(why.converter) : null;
    const { size, mtimeMs, ino } = record;
    const content = [why.sha256 ?? null, size, mtimeMs, ino];
    await this.#write('skipped', [record.id, why.reason, why.cleanup, converterId, ...content, now]);
    return { ...record, state: 'skipped', reason: why.reason, cleanup: why.cleanup, completedAt: now };
  }

  /** The converter asked for a later retry. */
  async suspended(record: FileRecord, reason: string, notBefore: number): Promise<FileRecord> {
    await this.#write('suspended', [record.id, reason, notBefore, 'pending', this.#clock.now()]);
    return { ...record, state: 'suspended', reason, notBefore, cleanup: 'pending' };
  }

  /** Its converter finds it incomplete: it stays where it is, and the attempt does not count. */
  async notReady(record: FileRecord, reason: string, notBefore: number): Promise<FileRecord> {
    const attempts = record.attempts - 1;
    await this.#write('notReady', [record.id, attempts, reason, notBefore, this.#clock.now()]);
    return { ...record, state: 'suspended', attempts, reason, notBefore, cleanup: null };
  }

  /** What had to be done to the source of a file in an end state is done. */
  async located(record: FileRecord, location: string | null, kept: boolean): Promise<FileRecord> {
    await this.#write('located', [record.id, location, Number(kept), this.#clock.now()]);
    return { ...record, cleanup: null, location, kept };
  }

  /** A failed file is taken up again, with its attempts forgotten. @param choose Which converter takes it is open again. */
  async retaken(record: FileRecord, choose: boolean): Promise<FileRecord> {
    await this.#writeAll([
      { statement: 'retaken', params: [record.id, this.#clock.now()] },
      ...(choose ? [{ statement: 'unchosen', params: [record.id] }] : []),
    ]);
    return {
      ...record,
      ...(choose ? booked(null) : {}),
      state: 'discovered',
      attempts: 0,
      reason: null,
      code: null,
      cleanup: null,
      completedAt: null,
    };
  }

  /** Removes rows and keeps their number, so that the books still balance. */
  async compact(
    rows: readonly { id: number; state: FileState; reports: number; completedAt: number | null }[],
  ): Promise<void> {
    this.#compactedUntil = rows.reduce((latest, row) => Math.max(latest, row.completedAt ?? 0), this.#compactedUntil);
    await this.#writeAll([
      { statement: 'setMeta', params: ['lastId', this.#lastId] },
      { statement: 'setMeta', params: ['lastMonotonic', this.#monotonicMs()] },
      { statement: 'setMeta', params: ['compactedUntil', this.#compactedUntil] },
      ...rows.flatMap(({ id, state, reports }) => [
        { statement: 'forgetReports', params: [id] },
        { statement: 'forget', params: [id] },
        { statement: 'countCompacted', params: [state, reports] },
      ]),
    ]);
  }

  #monotonicMs(): number {
    return Math.round(this.#monotonicStart + this.#clock.monotonic());
  }

  #idOf(converter: ConverterIdentity): number {
    return this.#converters.idOf([converter.name, converter.version, converter.parameters]);
  }

  #write(statement: Statement, params: readonly Value[]): Promise<void> {
    return this.#writeAll([{ statement, params }]);
  }

  async #writeAll(mutations: readonly Mutation[]): Promise<void> {
    // First what later changes rely on; a statement of these that was written after all has no effect.
    while (this.#owed.length > 0) {
      const owed = this.#owed.slice(0, OWED_AT_ONCE);
      await this.store.writeAll(owed);
      this.#owed = this.#owed.filter(mutation => !owed.includes(mutation));
    }
    await this.store.writeAll(mutations);
  }

  #later(statement: Statement, params: readonly Value[]): void {
    const mutation = { statement, params };
    this.#newest = this.store.writeAll([mutation]).catch((error: Error) => {
      this.#owed.push(mutation);
      this.#onError(error);
    });
  }
}

/** UUIDs, one after the other. */
function hexOf(keys: readonly string[]): string {
  return keys.join('').replaceAll('-', '');
}

function booked(
  converter: ConverterIdentity | null,
): Pick<FileRecord, 'converter' | 'converterVersion' | 'parameters'> {
  return {
    converter: converter?.name ?? null,
    converterVersion: converter?.version ?? null,
    parameters: converter?.parameters ?? null,
  };
}

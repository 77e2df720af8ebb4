/** The catalog: one row an archived source, durable before anything relies on it. */
import pLimit from 'p-limit';
import type { Clock } from '../../clock.js';
import type { FileSystem } from '../../files/file-system.js';
import { Dictionary } from '../../ledger/dictionary.js';
import type { Logger } from '../../observe/logger.js';
import { ContentFilter, type ContentPage } from '../../store/content-filter.js';
import { JournaledStore, type Mutation, type SqlValue } from '../../store/journaled-store.js';
import { parseArchiveId, tryParseArchiveId } from '../archive-id.js';
import { auditHash, FIRST_HASH, type StoredAudit } from './audit-chain.js';
import { ChangeLog } from './change-log.js';
import type { Query } from './queries.js';
import { RowNumbers } from './row-numbers.js';
import { CATALOG_SCHEMA } from './schema.js';
import { HOLDS_CONTENT, IN_NO_BLOB, type Statement } from './statements.js';
import type { StoredEntry } from './stored-entry.js';

/** What {@link Catalog} is made with. */
export interface CatalogOptions {
  /** The archive's folder. Whoever opens the catalog owns the folder's lock. */
  directory: string;
  fs: FileSystem;
  clock: Clock;
  logger: Logger;
}

/** A call of a statement of the catalog. */
export interface Change extends Mutation {
  readonly statement: Statement;
}

/** What is to be said in the audit log. */
export interface NewAudit {
  action: string;
  subject?: string | null;
  details?: Readonly<Record<string, unknown>> | null;
}

/** The converter that an entry was archived for. */
export interface Setup {
  converter: string;
  version: string;
  /** Its arguments as JSON. */
  parameters: string;
}

const REBUILD_DUE = 'rebuildDue';

export class Catalog {
  /** The store below, for its events. */
  readonly store: JournaledStore;
  readonly rows: RowNumbers;
  readonly changes: ChangeLog;
  /** Which contents there may be. */
  readonly contents = new ContentFilter();
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Additions to the dictionaries that are not known to be durable: every write brings them along until one was. */
  readonly #owed = new Set<Change>();
  readonly #setups = new Dictionary(row => this.#owe('addSetup', row));
  readonly #setupIds = new Map<string, number[]>();
  readonly #folders = new Dictionary(row => this.#owe('addFolder', row));
  readonly #endings = new Dictionary(row => this.#owe('addEnding', row));
  readonly #parts = new Dictionary(row => this.#owe('addPart', row));
  /** Audit records follow each other: each holds the hash of the one before. */
  readonly #auditTurn = pLimit(1);
  #lastAudit = { sequence: 0, hash: FIRST_HASH };

  constructor({ directory, fs, clock, logger }: CatalogOptions, onError: (error: Error) => void) {
    this.store = new JournaledStore({ directory, fs, clock, logger, name: 'metadata', schema: CATALOG_SCHEMA });
    this.changes = new ChangeLog(fs, clock, directory, onError);
    this.rows = new RowNumbers((first, end) => this.query('rowsOfMs', [first, end]));
    this.#clock = clock;
    this.#logger = logger;
  }

  async open(): Promise<void> {
    await this.store.open();
    await this.reload();
    void this.contents.fill(async row => (await this.query<ContentPage>('contents', [row]))[0], this.#logger);
  }

  /** Reads anew what is remembered of the tables. */
  async reload(): Promise<void> {
    type Numbered = Record<string, string> & { id: number };
    this.rows.startAnew((await this.query<{ id: number | null }>('lastRow'))[0]?.id ?? undefined);
    for (const row of await this.query<Setup & { id: number }>('setups')) {
      this.#setups.load(row.id, [row.converter, row.version, row.parameters]);
      this.#remember(row.converter, row.id);
    }
    for (const { id, path = '' } of await this.query<Numbered>('folders')) this.#folders.load(id, [path]);
    for (const { id, text = '' } of await this.query<Numbered>('endings')) this.#endings.load(id, [text]);
    for (const { id, number = '' } of await this.query<Numbered>('parts')) this.#parts.load(id, [number]);
    const last = (await this.query<{ sequence: number; hash: string }>('lastAudit'))[0];
    this.#lastAudit = last ?? { sequence: 0, hash: FIRST_HASH };
  }

  /** After damage: rows may have numbers whose meaning is lost. None of them gets another meaning. */
  async reserveNumbers(): Promise<void> {
    type Used = Record<'setup' | 'folder' | 'ending' | 'part', number | null>;
    const [used] = await this.query<Used>('usedNumbers');
    this.#setups.reserve(used?.setup ?? 0);
    this.#folders.reserve(used?.folder ?? 0);
    this.#endings.reserve(used?.ending ?? 0);
    this.#parts.reserve(used?.part ?? 0);
  }

  /** Whether rows may be missing or wrong: a rebuild was begun, and a crash ended it. */
  async isRebuildDue(): Promise<boolean> {
    const rows = await this.query<{ name: string; value: SqlValue }>('meta');
    return rows.some(({ name, value }) => name === REBUILD_DUE && value === 1);
  }

  async setRebuildDue(isDue: boolean): Promise<void> {
    await this.write([{ statement: 'setMeta', params: [REBUILD_DUE, Number(isDue)] }]);
  }

  /** Checkpoints and closes. */
  async close(): Promise<void> {
    await this.contents.end();
    await this.changes.close();
    await this.store.close();
  }

  setupId({ converter, version, parameters }: Setup): number {
    const id = this.#setups.idOf([converter, version, parameters]);
    this.#remember(converter, id);
    return id;
  }

  /** The setups (versions, arguments) of a converter, as JSON for the queries; `null` for all converters. */
  setupsOf(converterName: string | undefined): string | null {
    return converterName === undefined ? null : JSON.stringify(this.#setupIds.get(converterName) ?? []);
  }

  folderId(path: string): number {
    return this.#folders.idOf([path]);
  }

  endingId(ending: string): number {
    return this.#endings.idOf([ending]);
  }

  partId(number: string): number {
    return this.#parts.idOf([number]);
  }

  /** Runs statements, all or none. Resolves when they are durable. @throws StoreError, DiskSpaceError: none has an effect. */
  async write(changes: readonly Change[]): Promise<void> {
    const owed = [...this.#owed];
    const all = [...owed, ...changes];
    await this.store.writeAll(all);
    for (const change of owed) this.#owed.delete(change);
    for (const { statement, params } of all) {
      if (!HOLDS_CONTENT.has(statement)) continue;
      this.rows.written(Number(params[0]));
      this.contents.add(String(params[6]));
    }
    this.changes.append(all.filter(change => IN_NO_BLOB.has(change.statement)));
  }

  /** As {@link write}, with a record of it in the audit log. */
  audited(record: NewAudit, changes: readonly Change[] = []): Promise<void> {
    return this.auditing(async () => ({ record, changes }));
  }

  /**
   * As {@link audited}, for what is decided at the last moment: `make` runs when every record before it is written, and no
   * other is made meanwhile. Nothing is written when it gives nothing.
   */
  auditing(make: () => Promise<{ record: NewAudit; changes: readonly Change[] } | undefined>): Promise<void> {
    return this.#auditTurn(async () => {
      const made = await make();
      if (!made) return;
      const { action, subject = null, details } = made.record;
      const next: Omit<StoredAudit, 'hash'> = {
        sequence: this.#lastAudit.sequence + 1,
        at: this.#clock.now(),
        action,
        subject,
        details: details ? JSON.stringify(details) : null,
      };
      const hash = auditHash(this.#lastAudit.hash, next);
      const params = [next.sequence, next.at, next.action, next.subject, next.details, hash];
      await this.write([...made.changes, { statement: 'addAudit', params }]);
      this.#lastAudit = { sequence: next.sequence, hash };
    });
  }

  /** Each query sees every change whose promise had resolved when it was asked. */
  query<Row>(query: Query, params: readonly SqlValue[] = []): Promise<Row[]> {
    return this.store.query<Row>(query, params);
  }

  /** The entry of an id; `undefined` when there is none. */
  async entry(id: string): Promise<StoredEntry | undefined> {
    const parsed = tryParseArchiveId(id);
    const row = parsed && (await this.rows.find(parsed.at, parsed.key));
    return row === undefined ? undefined : this.entryByRow(row);
  }

  async entryByRow(row: number): Promise<StoredEntry | undefined> {
    return (await this.query<StoredEntry>('entryByRow', [row]))[0];
  }

  /** The row of an id. @throws ArchiveError `ARCHIVE_UNKNOWN` for what cannot be an id. */
  rowOf(id: string): Promise<number | undefined> {
    const { at, key } = parseArchiveId(id);
    return this.rows.find(at, key);
  }

  #owe(statement: Statement, params: readonly SqlValue[]): void {
    this.#owed.add({ statement, params });
  }

  #remember(converter: string, id: number): void {
    const ids = this.#setupIds.get(converter);
    if (!ids) this.#setupIds.set(converter, [id]);
    else if (!ids.includes(id)) ids.push(id);
  }
}

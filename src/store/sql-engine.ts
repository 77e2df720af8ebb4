/** The database itself, inside the worker thread: the only module that runs SQL. */
import type { Database, SqlJsStatic, Statement } from 'sql.js';
import { isSealed, seal } from './checksum.js';
import type { LoadedSnapshot, QueryResult, Refusal } from './protocol.js';
import { callsOf, HEAD_BYTES, type JournalHeader, type RecordedCall } from './record.js';
import { salvage } from './salvage.js';
import type { SqlValue, StoreSchema } from './schema.js';
import { makeStateTable, readSequence, writeSequence } from './state-table.js';
import { isEngineFailure, wordsOf } from './store-errors.js';

/** The whole file is in memory anyway: the cache only spares the copying of pages. */
const CACHE_KIB = 64 * 1024;

const PRAGMAS = `
  PRAGMA journal_mode = memory;
  PRAGMA synchronous = off;
  PRAGMA locking_mode = exclusive;
  PRAGMA temp_store = memory;
  PRAGMA cache_size = -${CACHE_KIB};
`;

/** A record of the batch that is being applied. */
interface Entry {
  sequence: number;
  calls: RecordedCall[];
}

export class SqlEngine {
  readonly #sql: SqlJsStatic;
  readonly #schema: StoreSchema;
  #database: Database;
  #statements: Readonly<Record<string, string>>;
  readonly #prepared = new Map<string, Statement>();
  /** The number of the last record that was applied. Not known while a damaged snapshot hides it. */
  #sequence: number | undefined = 0;

  constructor(sql: SqlJsStatic, schema: StoreSchema) {
    this.#sql = sql;
    this.#schema = schema;
    this.#statements = schema.statements;
    this.#database = this.#open();
  }

  /** Takes over a snapshot file. Of a damaged one, everything that can be read. */
  load(snapshot: Uint8Array): LoadedSnapshot {
    this.#database.close();
    let damage: string | undefined;
    if (isSealed(snapshot)) this.#database = this.#open(snapshot);
    else {
      const rescued = salvage(this.#sql, snapshot, version => this.#build(version), this.#schema.version);
      damage = rescued.message;
      this.#database = rescued.database ?? new this.#sql.Database(snapshot);
      this.#database.run(PRAGMAS);
    }
    makeStateTable(this.#database);
    const sequence = readSequence(this.#database);
    this.#sequence = sequence ?? (damage === undefined ? 0 : undefined);
    return { version: this.version, sequence: this.#sequence, damage };
  }

  /** The schema version of the database as it stands. */
  get version(): number {
    return this.#number('PRAGMA user_version') ?? 0;
  }

  /** The records to come were written with these statements, for this version of the schema. */
  useJournal(header: JournalHeader | undefined, after: number): void {
    this.#sequence ??= after;
    this.#migrate(header?.version ?? this.#schema.version);
    this.#useStatements(header?.statements ?? this.#schema.statements);
  }

  /** Replay has ended: from here on the schema of this program holds. */
  ready(): number {
    this.#migrate(this.#schema.version);
    this.#useStatements(this.#schema.statements);
    this.#sequence ??= 0;
    return this.#sequence;
  }

  /** Applies records that were not applied before. A record that SQL refuses is undone as a whole, and no other. */
  apply(records: Buffer): Refusal[] {
    const entries = this.#decode(records);
    const last = entries.at(-1);
    if (!last) return [];
    this.#database.run('BEGIN');
    let refusals: Refusal[] = [];
    if (entries.some(entry => this.#refusal(entry))) refusals = this.#applyOneByOne(entries);
    else this.#database.run('COMMIT');
    this.#sequence = last.sequence;
    return refusals;
  }

  query(name: string, params: readonly SqlValue[]): QueryResult {
    const sql = this.#schema.queries[name];
    if (sql === undefined) throw new RangeError(`there is no query '${name}'`);
    const statement = this.#prepare(sql);
    try {
      statement.bind([...params]);
      const rows: unknown[][] = [];
      while (statement.step()) rows.push(statement.get());
      return { columns: statement.getColumnNames(), rows };
    } finally {
      statement.reset();
    }
  }

  /** The database as a file. */
  export(): { bytes: Uint8Array; sequence: number } {
    const sequence = this.#sequence ?? 0;
    writeSequence(this.#database, sequence);
    const bytes = this.#database.export();
    seal(bytes);
    return { bytes, sequence };
  }

  #decode(records: Buffer): Entry[] {
    const entries: Entry[] = [];
    for (let offset = 0; offset < records.length; ) {
      const length = records.readUInt32LE(offset);
      const sequence = records.readUInt32LE(offset + 4) + records.readUInt32LE(offset + 8) * 2 ** 32;
      const payload = offset + HEAD_BYTES;
      offset = payload + length;
      if (sequence > (this.#sequence ?? 0)) {
        entries.push({ sequence, calls: callsOf(records.toString('utf8', payload, offset)) });
      }
    }
    return entries;
  }

  #applyOneByOne(entries: readonly Entry[]): Refusal[] {
    // A statement may have ended the transaction itself (`ON CONFLICT ROLLBACK`).
    this.#run('ROLLBACK');
    const refusals: Refusal[] = [];
    for (const entry of entries) {
      this.#database.run('BEGIN');
      const refusal = this.#refusal(entry);
      this.#run(refusal ? 'ROLLBACK' : 'COMMIT');
      if (refusal) refusals.push(refusal);
    }
    return refusals;
  }

  /** Runs a record's calls; what SQL said where it refused one. */
  #refusal({ sequence, calls }: Entry): Refusal | undefined {
    for (const [name, ...params] of calls) {
      const words = this.#call(name, params);
      if (words !== undefined) return { sequence, statement: name, words };
    }
    return undefined;
  }

  #call(name: string, params: SqlValue[]): string | undefined {
    const sql = this.#statements[name];
    if (sql === undefined) return `there is no statement '${name}'`;
    let statement: Statement | undefined;
    try {
      statement = this.#prepare(sql);
      statement.run(params);
      return undefined;
    } catch (error) {
      statement?.reset();
      const words = wordsOf(error);
      if (isEngineFailure(words)) throw error;
      return words;
    }
  }

  #run(sql: 'ROLLBACK' | 'COMMIT'): void {
    try {
      this.#database.run(sql);
    } catch (error) {
      if (!/no transaction is active/.test(wordsOf(error))) throw error;
    }
  }

  #prepare(sql: string): Statement {
    let statement = this.#prepared.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }

  #useStatements(statements: Readonly<Record<string, string>>): void {
    for (const statement of this.#prepared.values()) statement.free();
    this.#prepared.clear();
    this.#statements = statements;
  }

  #open(file?: Uint8Array): Database {
    const database = new this.#sql.Database(file);
    database.run(PRAGMAS);
    return database;
  }

  /** An empty database with the tables of a version. */
  #build(version: number): Database {
    const database = this.#open();
    migrate(database, this.#schema, 0, version);
    return database;
  }

  #migrate(version: number): void {
    migrate(this.#database, this.#schema, this.version, version);
    makeStateTable(this.#database);
  }

  #number(sql: string): number | undefined {
    const value = this.#database.exec(sql)[0]?.values[0]?.[0];
    return typeof value === 'number' ? value : undefined;
  }
}

function migrate(database: Database, schema: StoreSchema, from: number, to: number): void {
  for (let version = from; version < to; version += 1) {
    database.run(`BEGIN; ${schema.migrations[version] ?? ''}\n; PRAGMA user_version = ${version + 1}; COMMIT`);
  }
}

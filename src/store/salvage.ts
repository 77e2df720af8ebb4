/** Reads what can still be read of a damaged snapshot. */
import type { Database, SqlJsStatic, SqlValue } from 'sql.js';
import { turnFlippedBit } from './checksum.js';
import { withSoundSchema } from './sound-schema.js';
import { makeStateTable } from './state-table.js';
import { wordsOf } from './store-errors.js';

export interface Rescued {
  /** What could be read, in a sound database. `undefined`: nothing is wrong with the file as it is now. */
  database: Database | undefined;
  message: string;
}

/**
 * @param file Changed where a single bit is to blame.
 * @param build Makes an empty database with the tables of a version.
 * @param newest The newest version that `build` knows.
 */
export function salvage(
  sql: SqlJsStatic,
  file: Uint8Array,
  build: (version: number) => Database,
  newest: number,
): Rescued {
  const turnBack = turnFlippedBit(file);
  if (turnBack) {
    const one = rescue(sql, file, build, newest);
    if (!one.database) return { database: undefined, message: 'one bit of the snapshot was wrong; no row is lost' };
    one.database.close();
    turnBack();
  }
  return rescue(sql, file, build, newest);
}

function rescue(sql: SqlJsStatic, file: Uint8Array, build: (version: number) => Database, newest: number): Rescued {
  const version = versionOf(sql, file);
  const isKnown = version !== undefined && version > 0 && version <= newest;
  const sound = build(isKnown ? version : newest);
  makeStateTable(sound);
  const mended = withSoundSchema(sql, file, sound);
  const damaged = new sql.Database(mended ?? file);
  if (mended && isKnown && read(damaged, 'PRAGMA integrity_check(1)')?.[0]?.[0] === 'ok') {
    sound.close();
    const message = 'the checksum of the snapshot is wrong; its structure is sound, so all rows were kept';
    if (mended !== file) return { database: damaged, message };
    damaged.close();
    return { database: undefined, message };
  }
  let rows = 0;
  for (const table of tablesOf(sound)) rows += copyTable(damaged, sound, table);
  damaged.close();
  return { database: sound, message: `the snapshot is damaged; ${rows} rows could be read and were kept` };
}

function versionOf(sql: SqlJsStatic, file: Uint8Array): number | undefined {
  const database = new sql.Database(file);
  try {
    // Where its tables cannot be made sense of, it still has a version.
    read(database, 'PRAGMA writable_schema = ON');
    const version = read(database, 'PRAGMA user_version')?.[0]?.[0];
    return typeof version === 'number' ? version : undefined;
  } finally {
    database.close();
  }
}

/** In the order of their making. Full-text indexes and the tables behind them are left out: their user makes them anew. */
function tablesOf(database: Database): string[] {
  const tables = read(
    database,
    `SELECT made.name FROM sqlite_schema AS made JOIN pragma_table_list AS list ON list.name = made.name
      WHERE list.schema = 'main' AND list.type = 'table' AND made.name NOT LIKE 'sqlite_%' ORDER BY made.rowid`,
  );
  return (tables ?? []).map(([name]) => String(name));
}

/** Copies a table's rows from both ends towards the damage. */
function copyTable(from: Database, to: Database, table: string): number {
  const columns = (read(to, `SELECT name FROM pragma_table_info(${quote(table)})`) ?? []).map(([name]) => String(name));
  const list = columns.map(identifier).join(', ');
  const name = identifier(table);
  const insert = `INSERT OR IGNORE INTO ${name} (${list}) VALUES (${columns.map(() => '?').join(', ')})`;
  let copied = 0;
  to.run('BEGIN');
  const target = to.prepare(insert);
  const take = (row: SqlValue[]): void => {
    target.run(row);
    copied += to.getRowsModified();
  };
  const key = isWithoutRowid(to, table) ? primaryKey(to, table) : ['rowid'];
  for (const direction of ['ASC', 'DESC']) {
    const order = key.map(column => `${identifier(column)} ${direction}`).join(', ');
    if (forEachRow(from, `SELECT ${list} FROM ${name} NOT INDEXED ORDER BY ${order}`, take)) break;
  }
  target.free();
  to.run('COMMIT');
  return copied;
}

function isWithoutRowid(database: Database, table: string): boolean {
  return Number(read(database, `SELECT wr FROM pragma_table_list(${quote(table)})`)?.[0]?.[0]) === 1;
}

function primaryKey(database: Database, table: string): string[] {
  const rows = read(database, `SELECT name FROM pragma_table_info(${quote(table)}) WHERE pk > 0 ORDER BY pk`);
  return (rows ?? []).map(([name]) => String(name));
}

/** Hands on rows until the end or until one cannot be read; `true` when all were read. */
function forEachRow(database: Database, sql: string, take: (row: SqlValue[]) => void): boolean {
  try {
    const statement = database.prepare(sql);
    try {
      while (statement.step()) take(statement.get());
    } finally {
      statement.free();
    }
    return true;
  } catch {
    // The damage starts here; what lies behind it is read from the other end.
    return false;
  }
}

function read(database: Database, sql: string): SqlValue[][] | undefined {
  try {
    return database.exec(sql)[0]?.values;
  } catch (error) {
    if (/out of memory/.test(wordsOf(error))) throw error;
    return undefined;
  }
}

/** Between backticks: between double quotes, SQLite takes the name of a column that is not there for a text. */
function identifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * Puts right what a damaged snapshot says its tables are. SQLite believes it: a flipped letter makes a column unknown, or a
 * key an ordinary column, and its own check finds nothing wrong.
 */
import type { Database, SqlJsStatic } from 'sql.js';

/** A row of SQLite's table of tables, without the page where the table begins. */
type Made = [type: string, name: string, table: string, sql: string | null];

/** @returns The file, changed where it says something else than `sound`; `undefined` when that cannot be put right. */
export function withSoundSchema(sql: SqlJsStatic, file: Uint8Array, sound: Database): Uint8Array | undefined {
  const database = new sql.Database(file);
  try {
    // Otherwise SQLite refuses to read what it cannot parse.
    database.run('PRAGMA writable_schema = ON');
    const is = rowsOf(database);
    const shouldBe = rowsOf(sound).filter(({ made }) => !takeOut(is, other => isSame(other, made)));
    for (const { made } of shouldBe) {
      const [type, name, , text] = made;
      const wrong =
        takeOut(is, other => other[0] === type && other[1] === name) ??
        takeOut(is, other => text !== null && other[3] === text) ??
        (shouldBe.length === 1 ? takeOut(is, () => true) : undefined);
      if (!wrong) return undefined;
      database.run('UPDATE sqlite_schema SET type = ?, name = ?, tbl_name = ?, sql = ? WHERE rowid = ?', [
        ...made,
        wrong.rowid,
      ]);
    }
    return shouldBe.length === 0 ? file : database.export();
  } catch {
    // Not even that much can be read of it.
    return undefined;
  } finally {
    database.close();
  }
}

interface Row {
  rowid: number;
  made: Made;
}

function rowsOf(database: Database): Row[] {
  const [result] = database.exec('SELECT rowid, type, name, tbl_name, sql FROM sqlite_schema');
  return (result?.values ?? []).map(([rowid, ...made]) => ({ rowid: Number(rowid), made: made as Made }));
}

function takeOut(rows: Row[], wanted: (made: Made) => boolean): Row | undefined {
  const index = rows.findIndex(({ made }) => wanted(made));
  return index < 0 ? undefined : rows.splice(index, 1)[0];
}

function isSame(one: Made, other: Made): boolean {
  return one.every((value, index) => value === other[index]);
}

/** The table in which a snapshot says how far it goes. */
import type { Database } from 'sql.js';

/** Makes it where it is missing. */
export function makeStateTable(database: Database): void {
  database.run('CREATE TABLE IF NOT EXISTS millrace_store (sequence INTEGER NOT NULL)');
}

/** Three times: one of them may be damaged. */
export function writeSequence(database: Database, sequence: number): void {
  database.run('DELETE FROM millrace_store');
  database.run('INSERT INTO millrace_store VALUES (?1), (?1), (?1)', [sequence]);
}

/** What most of them say, or else the lowest: after that, more is replayed rather than less. */
export function readSequence(database: Database): number | undefined {
  const [result] = database.exec(
    'SELECT sequence FROM millrace_store GROUP BY sequence ORDER BY count(*) DESC, sequence LIMIT 1',
  );
  const sequence = result?.values[0]?.[0];
  return typeof sequence === 'number' ? sequence : undefined;
}

/** What a user of the store declares: its tables, and every statement and query that will run on them. */

/** A value of a statement's parameter. Bytes travel as hex; the statement uses `unhex(?)`. Numbers must be finite. */
export type SqlValue = string | number | null;

/**
 * The tables of a store and all SQL that runs on them.
 *
 * A journal record holds a statement's name and parameters and is applied again after a crash, so statements must give
 * the same result each time: no `random()`, no `datetime('now')`.
 */
export interface StoreSchema {
  /** The number of migrations; stands in the file as `PRAGMA user_version`. */
  readonly version: number;
  /** SQL scripts; number `i` brings version `i` to `i + 1`. A published one never changes. */
  readonly migrations: readonly string[];
  /** The statements that write, by name; one SQL statement each. */
  readonly statements: Readonly<Record<string, string>>;
  /** The queries, by name; one SELECT each. */
  readonly queries: Readonly<Record<string, string>>;
}

/** One call of a named statement. */
export interface Mutation {
  readonly statement: string;
  readonly params: readonly SqlValue[];
}

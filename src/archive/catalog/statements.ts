/**
 * Everything that writes to the catalog.
 *
 * Names and parameters are for ever: the change log ({@link ChangeLog}) holds calls of these and is read back when the
 * catalog is rebuilt, years later. What must work otherwise gets a new name.
 */
import { hourOf, timeOf } from './tables.js';
import { UPKEEP_STATEMENTS } from './upkeep-sql.js';

/** Entries: what the blobs' own headers say, too. */
const ENTRY_STATEMENTS = {
  setMeta: 'insert or replace into meta (name, value) values (?, ?)',
  addSetup: 'insert or ignore into setups (id, converter, version, parameters) values (?, ?, ?, ?)',
  addFolder: 'insert or ignore into folders (id, path) values (?, ?)',
  addEnding: 'insert or ignore into endings (id, text) values (?, ?)',
  addPart: 'insert or ignore into parts (id, number) values (?, ?)',
  addEntry: `insert into entries (id, key, setup, folder, name, ending, sha256, size, compressed, age_ms, lag_ms, members,
      owner, counted)
    values (?1, unhex(?2), ?3, ?4, ?5, ?6, unhex(?7), ?8, ?9, ?10, ?11, ?12, ?13, ?13 is null)`,
  addWords: 'insert into words (docid, text) values (cast(?1 as integer), ?2)',
  firstReport: `update entries set reports = max(reports, 1), report_size = ?2, report_stored = report_stored + ?3,
    report_check = unhex(?4) where id = ?1`,
  anotherReport: `insert or replace into more_reports (entry, position, size, stored, digest)
    values (?1, ?2, ?3, ?4, unhex(?5))`,
  countReports: 'update entries set reports = max(reports, ?2), report_stored = report_stored + ?3 where id = ?1',
} as const;

/** What a rebuild puts right where rows do not say what their blobs, or the change log, say. */
const MENDING_STATEMENTS = {
  /** In the order of {@link ENTRY_STATEMENTS.addEntry}. */
  mendEntry: `update entries set key = unhex(?2), setup = ?3, folder = ?4, name = ?5, ending = ?6, sha256 = unhex(?7), size = ?8,
      compressed = ?9, age_ms = ?10, lag_ms = ?11, members = ?12, owner = ?13 where id = ?1`,
  mendReports: `update entries set reports = ?2, report_size = ?3, report_stored = ?4, report_check = unhex(?5) where id = ?1`,
  mendSetup: 'insert or replace into setups (id, converter, version, parameters) values (?, ?, ?, ?)',
  mendFolder: 'insert or replace into folders (id, path) values (?, ?)',
  mendEnding: 'insert or replace into endings (id, text) values (?, ?)',
  mendPart: 'insert or replace into parts (id, number) values (?, ?)',
  forgetPurge: 'delete from purge_history where id = ?',
  /** The sums are made anew from the rows. */
  forgetHours: 'delete from hours',
  countHours: `insert into hours (hour, setup, status, entries, bytes, stored)
    select ${hourOf('id')}, setup, status, count(*), sum(size), sum(compressed * counted + report_stored)
    from entries where purged_at is null group by 1, 2, 3`,
} as const;

/** What became of an entry: in no blob, so it stands in the change log. */
const OUTCOME_STATEMENTS = {
  outcome: `update entries set
      status = coalesce(?2, status),
      error = case when ?2 is null then coalesce(?3, error) else ?3 end,
      duration_ms = coalesce(?4, duration_ms),
      delivered_after_ms = coalesce(?5 - ${timeOf('id')}, delivered_after_ms),
      report_id = coalesce(unhex(?6), ?7, report_id),
      serial = coalesce(?8, serial),
      part = coalesce(?9, part)
    where id = ?1`,
} as const;

/** Pins, holds and policies. */
const KEEPING_STATEMENTS = {
  hold: 'insert or replace into holds (entry, kind, reason, held_at) values (?, ?, ?, ?)',
  release: 'delete from holds where entry = ? and kind = ?',
  setPolicy: `insert into retention_policies (converter_name, retention_days, max_size_gb, compression_level, enabled, options,
      created_at, updated_at)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
    on conflict (converter_name) do update set retention_days = ?2, max_size_gb = ?3, compression_level = ?4, enabled = ?5,
      options = ?6, updated_at = ?7`,
  removePolicy: 'delete from retention_policies where converter_name = ?',
  addAudit: `insert or ignore into audit_log (sequence, at, action, subject, details, hash)
    values (?, ?, ?, ?, ?, unhex(?))`,
} as const;

export const STATEMENTS = {
  ...ENTRY_STATEMENTS,
  ...MENDING_STATEMENTS,
  ...OUTCOME_STATEMENTS,
  ...KEEPING_STATEMENTS,
  ...UPKEEP_STATEMENTS,
};

/** The name of a statement of the catalog. */
export type Statement = keyof typeof STATEMENTS;

/** What numbers in the rows of entries stand for. */
export const DICTIONARY_STATEMENTS: ReadonlySet<string> = new Set<Statement>([
  'addSetup',
  'addFolder',
  'addEnding',
  'addPart',
]);

/** Statements whose first parameter is the row of an entry, and the seventh the checksum of its content. */
export const HOLDS_CONTENT: ReadonlySet<Statement> = new Set<Statement>(['addEntry', 'mendEntry']);

/** Statements whose effect no blob's header tells, or not with the numbers that rows have. */
export const IN_NO_BLOB: ReadonlySet<Statement> = new Set<Statement>([
  ...(DICTIONARY_STATEMENTS as ReadonlySet<Statement>),
  ...(Object.keys(OUTCOME_STATEMENTS) as Statement[]),
  ...(Object.keys(UPKEEP_STATEMENTS) as Statement[]).filter(name => name !== 'keepReplay'),
  ...(Object.keys(KEEPING_STATEMENTS) as Statement[]),
]);

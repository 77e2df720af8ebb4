/** The ledger's tables and every statement that it runs. */
import type { StoreSchema } from '../store/journaled-store.js';

// Compact on purpose: a row should take little more than the file's name and checksum. The path and the checksum are
// found by short keys made from them, not by indexes that would hold them a second time.
const TABLES = `
  create table meta (name text primary key, value) without rowid;
  create table roots (id integer primary key, path text not null unique);
  create table converters (id integer primary key, name text not null, version text not null, parameters text not null);
  create table files (
    id integer primary key,
    root integer not null references roots,
    path text not null,
    path_key integer not null,
    size integer not null,
    mtime_ms real not null,
    ino integer not null,
    sha256 blob,
    occurrence integer not null default 0,
    first_seen_at integer not null,
    state text not null,
    attempts integer not null default 0,
    converter integer references converters,
    reports integer not null default 0,
    server_ids text,
    archive_id text,
    reason text,
    code text,
    not_before integer,
    cleanup text,
    location text,
    kept integer not null default 0,
    updated_at integer not null,
    completed_at integer
  );
  create index files_by_path on files (path_key);
  create index files_by_content on files (substr(sha256, 1, 8)) where sha256 is not null;
  create index files_at_work on files (state, id) where state not in ('completed', 'skipped');
  create index files_by_location on files (location) where location is not null and state <> 'completed';
  create index files_to_clean on files (id) where cleanup is not null;
  create table reports (
    id text primary key,
    file integer not null references files,
    position integer not null,
    state text not null
  ) without rowid;
  create index reports_by_file on reports (file);
  create table compacted (state text primary key, files integer not null, reports integer not null) without rowid;
  create view file_history as
    select files.id, roots.path as root, files.path, size, datetime(mtime_ms / 1000, 'unixepoch') as modified,
      nullif(lower(hex(sha256)), '') as sha256, datetime(first_seen_at / 1000, 'unixepoch') as first_seen, state, attempts,
      converters.name as converter, converters.version, reports, server_ids, reason, code, location,
      datetime(completed_at / 1000, 'unixepoch') as completed
    from files join roots on roots.id = files.root left join converters on converters.id = files.converter;
`;

const RECORD = `
  select files.id, roots.path as root, files.path, size, mtime_ms as mtimeMs, ino, nullif(lower(hex(sha256)), '') as sha256,
    occurrence, first_seen_at as firstSeenAt, first_seen_monotonic as firstSeenMonotonicMs, state, attempts, converters.name as converter,
    converters.version as converterVersion, converters.parameters, reports, hex(report_keys) as keys, server_ids as serverIds,
    archive_id as archiveId, supersedes, reason, code, not_before as notBefore, cleanup, location, kept,
    updated_at as updatedAt, completed_at as completedAt
  from files join roots on roots.id = files.root left join converters on converters.id = files.converter`;

// The keys stand one after the other, 16 bytes each; people are shown them as they went to the server. A row that was
// delivered under an older schema has none: its keys follow from its content and converter.
const KEYS_AND_MONOTONIC = `
  alter table files add column first_seen_monotonic integer;
  alter table files add column report_keys blob;
  drop view file_history;
  create view file_history as
    select files.id, roots.path as root, files.path, size, datetime(mtime_ms / 1000, 'unixepoch') as modified,
      nullif(lower(hex(sha256)), '') as sha256, occurrence, datetime(first_seen_at / 1000, 'unixepoch') as first_seen,
      first_seen_monotonic, state, attempts, converters.name as converter, converters.version, reports,
      (with recursive nth (n) as (select 0 union all select n + 1 from nth where n < length(report_keys) / 16 - 1),
         digits (x) as (select lower(hex(substr(report_keys, 16 * n + 1, 16))) from nth order by n)
       select json_group_array(substr(x, 1, 8) || '-' || substr(x, 9, 4) || '-' || substr(x, 13, 4) || '-' ||
         substr(x, 17, 4) || '-' || substr(x, 21)) from digits where x <> '') as idempotency_keys,
      server_ids, archive_id, reason, code, location, datetime(completed_at / 1000, 'unixepoch') as completed
    from files join roots on roots.id = files.root left join converters on converters.id = files.converter;
`;

/** The ledger's schema. Migrations are only ever appended. */
export const LEDGER_SCHEMA = {
  version: 3,
  migrations: [TABLES, 'alter table files add column supersedes integer', KEYS_AND_MONOTONIC],
  statements: {
    setMeta: 'insert or replace into meta (name, value) values (?, ?)',
    addRoot: 'insert or ignore into roots (id, path) values (?, ?)',
    addConverter: 'insert or ignore into converters (id, name, version, parameters) values (?, ?, ?, ?)',
    seen: `insert or ignore into files (id, root, path, path_key, size, mtime_ms, ino, first_seen_at, state, attempts, updated_at,
        first_seen_monotonic)
      values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'discovered', ?9, ?8, ?10)`,
    claimed: `update files set state = 'processing', attempts = ?2, converter = ?3, sha256 = unhex(?4), occurrence = ?5,
      size = ?6, mtime_ms = ?7, ino = ?8, reason = null, code = null, not_before = null, cleanup = null, updated_at = ?9 where id = ?1`,
    chosen: 'update files set converter = ?2, occurrence = ?3, updated_at = ?4 where id = ?1',
    unchosen: 'update files set converter = null where id = ?',
    notReady: `update files set state = 'suspended', attempts = ?2, reason = ?3, not_before = ?4, cleanup = null, updated_at = ?5
      where id = ?1`,
    archived: 'update files set archive_id = ?2 where id = ?1',
    superseding: 'update files set supersedes = ?2 where id = ?1',
    released: `update files set state = 'discovered', attempts = ?2, reason = ?3, updated_at = ?4 where id = ?1`,
    delivering: `update files set state = 'delivering', reports = ?2, server_ids = ?3, cleanup = ?4, kept = 0, updated_at = ?5,
      report_keys = unhex(?6) where id = ?1`,
    report: 'insert or replace into reports (id, file, position, state) values (?, ?, ?, ?)',
    reportSettled: 'update reports set state = ?2 where id = ?1',
    forgetReports: 'delete from reports where file = ?',
    delivered: `update files set state = 'cleaning', reports = ?2, server_ids = ?3, cleanup = ?4, updated_at = ?5,
      report_keys = unhex(?6) where id = ?1`,
    cleaned: `update files set cleanup = null, location = ?2, kept = ?3, updated_at = ?4 where id = ?1`,
    completed: `update files set state = 'completed', cleanup = null, location = ?2, kept = ?3, completed_at = ?4,
      updated_at = ?4 where id = ?1`,
    undelivered:
      'update files set server_ids = ?2, reports = ?3, updated_at = ?4, report_keys = unhex(?5) where id = ?1',
    serverIds: 'update files set server_ids = ?2, reports = ?3, updated_at = ?4 where id = ?1',
    failed: `update files set state = 'failed', reason = ?2, code = ?3, cleanup = ?4, converter = coalesce(?5, converter),
      updated_at = ?6, completed_at = ?6 where id = ?1`,
    skipped: `update files set state = 'skipped', reason = ?2, cleanup = ?3, converter = coalesce(?4, converter),
      sha256 = coalesce(unhex(?5), sha256), size = ?6, mtime_ms = ?7, ino = ?8, updated_at = ?9, completed_at = ?9 where id = ?1`,
    suspended: `update files set state = 'suspended', reason = ?2, not_before = ?3, cleanup = ?4, updated_at = ?5 where id = ?1`,
    located: `update files set cleanup = null, location = ?2, kept = ?3, updated_at = ?4 where id = ?1`,
    retaken: `update files set state = 'discovered', attempts = 0, reason = null, code = null, cleanup = null,
      completed_at = null, updated_at = ?2 where id = ?1`,
    forget: 'delete from files where id = ?',
    countCompacted: `insert into compacted (state, files, reports) values (?1, 1, ?2)
      on conflict (state) do update set files = files + 1, reports = reports + ?2`,
  },
  queries: {
    meta: 'select name, value from meta',
    /** The beginnings of the checksums of 4,000 files after row ?1, one after the other; see `ContentFilter`. */
    contents: `select max(id) as last, group_concat(digits, '') as digits from (
      select id, substr(hex(sha256) || '000000000000', 1, 12) as digits from files
      where id > ?1 and sha256 is not null order by id limit 4000)`,
    last: 'select id, first_seen_monotonic as monotonic from files order by id desc limit 1',
    roots: 'select id, path from roots',
    converters: 'select id, name, version, parameters from converters',
    byId: `${RECORD} where files.id = ?`,
    byPaths: `${RECORD} where files.id in (
      select max(files.id) from json_each(?2) as wanted join files on files.path_key = wanted.value ->> 0
      where files.root = ?1 and files.path = wanted.value ->> 1 group by files.path)`,
    byPathAnywhere: `${RECORD} where path_key = ?1 and roots.path = ?2 and files.path = ?3 order by files.id desc limit ?4`,
    byLocation: `${RECORD} where location = ?1 and location is not null and state <> 'completed' order by files.id desc limit 1`,
    placed: 'select location from files where location in (select value from json_each(?))',
    byCompletedLocation: `${RECORD} where location = ?1 and state = 'completed' order by files.id desc limit 1`,
    delivered: `${RECORD} where substr(sha256, 1, 8) = substr(unhex(?1), 1, 8) and sha256 = unhex(?1) and converters.name = ?2
      and files.id <> ?3 and reports > 0 and state in ('delivering', 'cleaning', 'completed') order by files.id limit 1`,
    occurrences: `select coalesce(max(occurrence) + 1, 0) as count from files join converters on converters.id = files.converter
      where substr(sha256, 1, 8) = substr(unhex(?1), 1, 8) and sha256 = unhex(?1) and converters.name = ?2
      and files.id <> ?3 and state <> 'skipped'`,
    // A row that is 'cleaning' with nothing left to clean lacks its end alone; 'toClean' finds the others.
    interrupted: `${RECORD} where state in ('processing', 'suspended', 'cleaning') and state not in ('completed', 'skipped')
      and (state <> 'cleaning' or cleanup is null) order by files.id`,
    // Taken back from the error or pending folder and not claimed yet: no scan of a watch folder finds these.
    takenBack: `${RECORD} where state = 'discovered' and location is not null and state <> 'completed' order by files.id`,
    toClean: `${RECORD} where files.id > ? and cleanup is not null order by files.id limit 1000`,
    page: `${RECORD} where files.id > ?1 and (?2 is null or state = ?2) and (?3 is null or converters.name = ?3)
      order by files.id limit ?4`,
    pageAtWork: `${RECORD} where files.id > ?1 and state = ?2 and state not in ('completed', 'skipped')
      and (?3 is null or converters.name = ?3) order by files.id limit ?4`,
    fileOfReport: `${RECORD} where files.id = (select file from reports where id = ?)`,
    knownReports: 'select id from reports where id in (select value from json_each(?))',
    reportsOf: 'select id, position, state from reports where file = ? order by position',
    waitingReports: `select reports.id, reports.file, reports.position from reports join files on files.id = reports.file
      where reports.id > ?1 and reports.state = 'queued' order by reports.id limit 1000`,
    counts: 'select state, count(*) as files, sum(reports) as reports from files group by state',
    compacted: 'select state, files, reports from compacted',
    outdated: `${RECORD} where files.id > ?1 and state = 'failed' and state not in ('completed', 'skipped') and converters.name = ?2
      and (converters.version <> ?3 or converters.parameters <> ?4) order by files.id limit 1000`,
    compactable: `select files.id, roots.path as root, files.path, state, reports, kept,
      completed_at as completedAt from files join roots on roots.id = files.root where files.id > ?1 and state in ('completed', 'skipped') and cleanup is null
      and (completed_at < ?2 or files.id <= ?3) order by files.id limit 500`,
    nthNewest: `select id from files where state in ('completed', 'skipped') order by id desc limit 1 offset ?`,
  },
} as const satisfies StoreSchema;

/**
 * The tables of the catalog, `metadata.db`.
 *
 * Compact on purpose, for millions of rows: a row's number holds its time ({@link EPOCH_MS}), what repeats stands in
 * small tables, and there are three ways in: by number (id, time), by content, and by word. `hours` counts what there is
 * in each hour, which makes statistics cheap and lets a search skip the hours in which there is nothing.
 */
import { EPOCH_MS } from '../archive-id.js';

/** SQL for the time of a row in epoch ms. @param id The row's number. */
export const timeOf = (id: string): string => `((${id} >> 12) + ${EPOCH_MS})`;
/** SQL for the hour of a row, counted from 1970. */
export const hourOf = (id: string): string => `(${timeOf(id)} / 3600000)`;

const ENTRIES = `
  create table meta (name text primary key, value) without rowid;
  create table setups (id integer primary key, converter text not null, version text, parameters text);
  create table folders (id integer primary key, path text not null unique);
  create table endings (id integer primary key, text text not null unique);
  create table parts (id integer primary key, number text not null unique);
  create table entries (
    id integer primary key,
    key blob not null,
    setup integer not null references setups,
    folder integer not null references folders,
    name text not null,
    ending integer not null references endings,
    sha256 blob not null,
    size integer not null,
    compressed integer not null,
    age_ms integer not null default 0,
    lag_ms integer not null default 0,
    members integer,
    owner integer references entries,
    counted integer not null default 1,
    status integer not null default 0,
    duration_ms integer,
    delivered_after_ms integer,
    report_id,
    serial text,
    part integer references parts,
    error text,
    reports integer not null default 0,
    report_size integer,
    report_stored integer not null default 0,
    report_check blob,
    purged_at integer
  );
  create index entries_by_content on entries (substr(sha256, 1, 4));
  create index entries_by_owner on entries (owner) where owner is not null;
  create table more_reports (
    entry integer not null references entries, position integer not null, size integer not null, stored integer not null,
    digest blob not null, primary key (entry, position)
  ) without rowid;
  create virtual table words using fts4(content="", text, matchinfo=fts3, tokenize=simple);
`;

const HOUR_ROW = (row: string, sign: '' | '-'): string => `
    insert into hours (hour, setup, status, entries, bytes, stored)
    select ${hourOf(`${row}.id`)}, ${row}.setup, ${row}.status, ${sign}1, ${sign}${row}.size,
      ${sign}(${row}.compressed * ${row}.counted + ${row}.report_stored)
    where ${row}.purged_at is null
    on conflict do update set entries = entries + excluded.entries, bytes = bytes + excluded.bytes,
      stored = stored + excluded.stored;`;

const HOURS = `
  create table hours (
    hour integer not null, setup integer not null, status integer not null, entries integer not null, bytes integer not null,
    stored integer not null, primary key (hour, setup, status)
  ) without rowid;
  create trigger entry_added after insert on entries begin ${HOUR_ROW('new', '')} end;
  create trigger entry_changed after update of status, counted, compressed, report_stored, purged_at on entries begin
    ${HOUR_ROW('old', '-')} ${HOUR_ROW('new', '')}
  end;
  create trigger entry_removed after delete on entries begin ${HOUR_ROW('old', '-')} end;
`;

/** Pins and legal holds, policies and the books about them. */
const KEEPING = `
  create table holds (
    entry integer not null references entries, kind text not null, reason text, held_at integer not null,
    primary key (entry, kind)
  ) without rowid;
  create table retention_policies (
    id integer primary key autoincrement,
    converter_name text unique not null,
    retention_days integer not null default 90,
    max_size_gb real not null default 10.0,
    compression_level integer default 6,
    enabled boolean default true,
    options text,
    created_at datetime not null,
    updated_at datetime not null
  );
  create table purge_history (
    id integer primary key autoincrement,
    purge_timestamp datetime not null,
    converter_name text not null,
    archives_purged integer,
    bytes_freed integer,
    reason text
  );
  create table audit_log (
    sequence integer primary key,
    at integer not null,
    action text not null,
    subject text,
    details text,
    hash blob not null
  );
`;

/** SQL for the time in SQLite's own form, `YYYY-MM-DD HH:MM:SS`. */
const datetime = (ms: string): string => `datetime((${ms}) / 1000, 'unixepoch')`;
const day = (id: string): string => `strftime('%Y/%m/%d/', ${timeOf(id)} / 1000, 'unixepoch')`;
const idOf = (row: string): string =>
  `strftime('%Y%m%dT%H%M%S', ${timeOf(`${row}.id`)} / 1000, 'unixepoch') || printf('.%03dZ_', ${timeOf(`${row}.id`)} % 1000)
      || lower(hex(${row}.key))`;

/** For whoever opens the file with an SQLite tool: all that is known of an entry, in one row. */
const VIEW = `
  create view archive_entries as
    select ${idOf('e')} as archive_id, setups.converter as converter_name, setups.version as converter_version,
      folders.path || e.name as source_path, lower(hex(e.sha256)) as source_checksum, e.size as source_size_bytes,
      'sources/' || ${day('o.id')} || ${idOf('o')} || endings.text || '.gz' as archived_path,
      e.compressed as compressed_size_bytes,
      ${datetime(timeOf('e.id'))} as conversion_timestamp, setups.parameters as conversion_parameters,
      case e.status when 1 then 'SUCCESS' when 2 then 'FAILED' when 3 then 'SUSPENDED' when 4 then 'SKIPPED'
        when 5 then 'REJECTED' end as conversion_status,
      e.error as conversion_error, e.duration_ms as conversion_duration_ms,
      case typeof(e.report_id) when 'blob' then lower(substr(hex(e.report_id), 1, 8) || '-' || substr(hex(e.report_id), 9, 4)
        || '-' || substr(hex(e.report_id), 13, 4) || '-' || substr(hex(e.report_id), 17, 4) || '-'
        || substr(hex(e.report_id), 21)) else e.report_id end as report_id,
      case when e.reports > 0 then 'reports/' || ${day('e.id')} || ${idOf('e')} || '.json.gz' end as report_archived_path,
      e.report_size as report_size_bytes,
      date(${timeOf('e.id')} / 1000, 'unixepoch', '+' || retention_policies.retention_days || ' days') as retention_until,
      ${datetime('e.purged_at')} as purged_at,
      ${datetime(`${timeOf('e.id')} + e.lag_ms`)} as created_at,
      ${datetime(`${timeOf('e.id')} + e.delivered_after_ms`)} as delivered_at,
      e.serial as serial_number, parts.number as part_number,
      exists (select 1 from holds where holds.entry = e.id) as held
    from entries e
      join setups on setups.id = e.setup join folders on folders.id = e.folder
      join entries o on o.id = coalesce(e.owner, e.id) join endings on endings.id = o.ending
      left join parts on parts.id = e.part
      left join retention_policies on retention_policies.converter_name = setups.converter and retention_policies.enabled;
`;

export const TABLES = ENTRIES + HOURS + KEEPING + VIEW;

/** Everything that is asked of the catalog. */
import { UPKEEP_QUERIES } from './upkeep-sql.js';

/** The columns of an entry; see {@link StoredEntry}. */
const COLUMNS = `e.id, lower(hex(e.key)) as key, setups.converter, setups.version, setups.parameters, folders.path as folder,
    e.name, endings.text as ending, lower(hex(e.sha256)) as sha256, e.size, e.compressed, e.age_ms as ageMs, e.lag_ms as lagMs,
    e.members, e.owner, lower(hex(o.key)) as ownerKey, owner_endings.text as ownerEnding, e.status, e.duration_ms as durationMs,
    e.delivered_after_ms as deliveredAfterMs,
    case typeof(e.report_id) when 'blob' then lower(hex(e.report_id)) end as reportUuid,
    case typeof(e.report_id) when 'blob' then null else e.report_id end as reportId,
    e.serial, parts.number as part, e.error, e.reports, e.report_size as reportSize, e.report_stored as reportStored,
    e.purged_at as purgedAt,
    (select group_concat(kind) from holds where holds.entry = e.id) as holds`;

const JOINS = `join setups on setups.id = e.setup join folders on folders.id = e.folder join endings on endings.id = e.ending
    left join entries o on o.id = e.owner left join endings owner_endings on owner_endings.id = o.ending
    left join parts on parts.id = e.part`;

// Parameters of every search: ?1 first row, ?2 row after the last, ?3 ids of setups as JSON, ?4 status, ?5 serial number,
// ?6 checksum, ?7 1 with what was purged, ?8 how many. Of those by word: ?9 the words.
const CONDITIONS = `e.id >= ?1 and e.id < ?2 and (?3 is null or e.setup in (select value from json_each(?3)))
    and (?4 is null or e.status = ?4) and (?5 is null or e.serial = ?5) and (?6 is null or e.sha256 = unhex(?6))
    and (?7 or e.purged_at is null)`;
const HAS_CONTENT = `substr(e.sha256, 1, 4) = substr(unhex(?6), 1, 4) and e.sha256 = unhex(?6)`;
const HAS_WORDS = `words.words match ?9 and words.docid >= cast(?1 as integer) and words.docid < cast(?2 as integer)`;
const BY_WORDS = 'words cross join entries e on e.id = words.docid';

const ENTRY_QUERIES = {
  meta: 'select name, value from meta',
  setups: 'select id, converter, version, parameters from setups',
  folders: 'select id, path from folders',
  endings: 'select id, text from endings',
  parts: 'select id, number from parts',
  entryByRow: `select ${COLUMNS} from entries e ${JOINS} where e.id = ?1`,
  rowsOfMs: 'select id, lower(hex(key)) as key from entries where id >= ?1 and id < ?2 order by id',
  /** What a row says of itself, whether or not what its numbers stand for is there. */
  identity: 'select lower(hex(key)) as key, purged_at as purgedAt from entries where id = ?',
  rangeDesc: `select ${COLUMNS} from entries e ${JOINS} where ${CONDITIONS} order by e.id desc limit ?8`,
  rangeAsc: `select ${COLUMNS} from entries e ${JOINS} where ${CONDITIONS} order by e.id asc limit ?8`,
  contentDesc: `select ${COLUMNS} from entries e ${JOINS} where ${HAS_CONTENT} and ${CONDITIONS} order by e.id desc limit ?8`,
  contentAsc: `select ${COLUMNS} from entries e ${JOINS} where ${HAS_CONTENT} and ${CONDITIONS} order by e.id asc limit ?8`,
  wordsDesc: `select ${COLUMNS} from ${BY_WORDS} ${JOINS} where ${HAS_WORDS} and ${CONDITIONS} order by words.docid desc limit ?8`,
  wordsAsc: `select ${COLUMNS} from ${BY_WORDS} ${JOINS} where ${HAS_WORDS} and ${CONDITIONS} order by words.docid asc limit ?8`,
  countRange: `select count(*) as count from entries e where ${CONDITIONS} limit ?8`,
  countContent: `select count(*) as count from entries e where ${HAS_CONTENT} and ${CONDITIONS} limit ?8`,
  countWords: `select count(*) as count from ${BY_WORDS} where ${HAS_WORDS} and ${CONDITIONS} limit ?8`,
  /** The hours in which there is something: ?1 and ?2 hours, ?3 and ?4 as above, ?5 1 for the newest first. */
  hours: `select hour, sum(entries) as entries from hours
    where hour >= ?1 and hour < ?2 and (?3 is null or setup in (select value from json_each(?3)))
      and (?4 is null or status = ?4)
    group by hour having sum(entries) > 0 order by case ?5 when 1 then -hour else hour end limit 500`,
  countHours: `select coalesce(sum(entries), 0) as entries from hours
    where hour >= ?1 and hour < ?2 and (?3 is null or setup in (select value from json_each(?3)))
      and (?4 is null or status = ?4)`,
  totals: `select setups.converter, hour / 24 as day, status, sum(entries) as entries, sum(bytes) as bytes, sum(stored) as stored
    from hours join setups on setups.id = hours.setup
    where hour >= ?1 and hour < ?2 and (?3 is null or setup in (select value from json_each(?3)))
    group by setups.converter, day, status having sum(entries) > 0 order by day, setups.converter, status`,
  /** The entry that has the blob of this content, while the blob is there. */
  blobOf: `select coalesce(o.id, e.id) as id, lower(hex(coalesce(o.key, e.key))) as key, endings.text as ending,
      e.size, e.compressed, e.members
    from entries e left join entries o on o.id = e.owner join endings on endings.id = coalesce(o.ending, e.ending)
    where substr(e.sha256, 1, 4) = substr(unhex(?1), 1, 4) and e.sha256 = unhex(?1) and e.purged_at is null
    order by e.owner is not null limit 1`,
  /** The reports of an entry; what they take on the disk, and the beginning of their checksums. */
  reportsOf: `select 0 as position, report_size as size,
      report_stored - (select coalesce(sum(stored), 0) from more_reports where entry = ?1) as stored,
      lower(hex(report_check)) as digest
    from entries where id = ?1 and report_check is not null
    union all select position, size, stored, lower(hex(digest)) from more_reports where entry = ?1 order by position`,
  /** Entries for a walk over all blobs, a thousand at a time, by ascending row. */
  walk: `select ${COLUMNS} from entries e ${JOINS} where e.id > ?1 and e.purged_at is null order by e.id limit 1000`,
  /** How many rows there are at or before row ?1, and in all. */
  progress: `select count(*) filter (where id <= ?1) as done, count(*) as total from entries where purged_at is null`,
  /** Of places with digits (`[[first row, key], …]` as JSON), the positions of those that there is no entry for. */
  missing: `select wanted.key as position from json_each(?1) as wanted where not exists (
    select 1 from entries where id >= wanted.value ->> 0 and id < (wanted.value ->> 0) + 4096
      and key = unhex(wanted.value ->> 1))`,
  /** The highest numbers that entries have of what stands in small tables. */
  usedNumbers: `select max(setup) as setup, max(folder) as folder, max(ending) as ending, max(part) as part from entries`,
  /** The beginnings of the checksums of 4,000 entries after row ?1, one after the other; see `ContentFilter`. */
  contents: `select max(id) as last, group_concat(digits, '') as digits from (
    select id, substr(hex(sha256) || '000000000000', 1, 12) as digits from entries where id > ?1 order by id limit 4000)`,
  lastRow: 'select max(id) as id from entries',
  anyEntry: 'select id from entries limit 1',
  keysOfRange: 'select id, lower(hex(key)) as key from entries where id >= ?1 and id < ?2',
  /** Rows and their words, for a new index. */
  forIndex: `select id, name, serial, error from entries where id > ?1 order by id limit 2000`,
} as const;

const KEEPING_QUERIES = {
  holdsOf: 'select kind, reason, held_at as heldAt from holds where entry = ?',
  policies: `select converter_name as converterName, retention_days as retentionDays, max_size_gb as maxSizeGb,
      compression_level as compressionLevel, enabled, options from retention_policies order by converter_name`,
  purgeHistory: `select id, purge_timestamp as purgedAt, converter_name as converterName, archives_purged as archivesPurged,
      bytes_freed as bytesFreed, reason from purge_history where id < ?1 order by id desc limit ?2`,
  lastAudit: 'select sequence, lower(hex(hash)) as hash from audit_log order by sequence desc limit 1',
  audit: `select sequence, at, action, subject, details, lower(hex(hash)) as hash from audit_log where sequence > ?1
    order by sequence limit 1000`,
  /** What each converter has: entries, their size, and what they take on the disk. */
  usage: `select setups.converter as converterName, sum(entries) as entries, sum(bytes) as bytes, sum(stored) as storedBytes
    from hours join setups on setups.id = hours.setup group by setups.converter having sum(entries) > 0 order by 1`,
} as const;

export const QUERIES = { ...ENTRY_QUERIES, ...KEEPING_QUERIES, ...UPKEEP_QUERIES };

/** The name of a query of the catalog. */
export type Query = keyof typeof QUERIES;

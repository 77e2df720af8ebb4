/** What retention and replays add to the catalog: graves of entries in their grace period, and how far replays came. */
import { timeOf } from './tables.js';

/** A grave is an entry that is purged and whose content is still there. */
export const UPKEEP_TABLES = `
  create table graves (entry integer primary key references entries, due_at integer not null);
  create index graves_by_due on graves (due_at, entry);
  create table replays (name text primary key, state text not null) without rowid;
`;

const ROWS = '(select value from json_each(?1))';

export const UPKEEP_STATEMENTS = {
  /** Entries ?1 (rows as JSON) are purged, at ?2. */
  tombstones: `update entries set purged_at = ?2 where id in ${ROWS} and purged_at is null`,
  /** Their content goes at ?2. */
  bury: `insert or replace into graves (entry, due_at) select value, ?2 from json_each(?1)`,
  /** Their content is gone. */
  unearth: `delete from graves where entry in ${ROWS}`,
  /** They are purged no longer. */
  revive: `update entries set purged_at = null where id in ${ROWS}`,
  /** Others count the bytes of their blobs from now on. */
  handOver: `update entries set counted = 0 where id in ${ROWS}`,
  inherit: `update entries set counted = 1 where id in ${ROWS}`,
  /** What one rule of one run has purged; later pieces of the run add to it. */
  addToPurge: `insert into purge_history (id, purge_timestamp, converter_name, archives_purged, bytes_freed, reason)
    values (?1, ?2, ?3, ?4, ?5, ?6)
    on conflict (id) do update set archives_purged = archives_purged + ?4, bytes_freed = bytes_freed + ?5`,
  keepReplay: 'insert or replace into replays (name, state) values (?, ?)',
} as const;

/** What a rule looks at, for an entry `e`. */
const CANDIDATE = `e.id, lower(hex(e.key)) as key, lower(hex(e.sha256)) as sha256, setups.converter as converterName,
    e.compressed * e.counted + e.report_stored as bytes, e.status, ${timeOf('e.id')} + e.delivered_after_ms as deliveredAt,
    exists (select 1 from holds where entry = e.id and kind = 'pin') as pinned,
    exists (select 1 from holds where entry = e.id and kind = 'hold') as held`;
const GRAVE = `e.id, lower(hex(e.key)) as key, lower(hex(e.sha256)) as sha256, e.owner, lower(hex(o.key)) as ownerKey,
    coalesce(owner_endings.text, endings.text) as ending, e.reports,
    e.compressed * e.counted + e.report_stored as bytes, graves.due_at as dueAt`;
const GRAVES = `graves join entries e on e.id = graves.entry join endings on endings.id = e.ending
    left join entries o on o.id = e.owner left join endings owner_endings on owner_endings.id = o.ending`;
const LIVES = '(u.purged_at is null or exists (select 1 from graves where graves.entry = u.id))';

export const UPKEEP_QUERIES = {
  /** Living entries after row ?1 of setups ?2 (as JSON, or all), the oldest first. */
  purgeCandidates: `select ${CANDIDATE} from entries e join setups on setups.id = e.setup
    where e.id > ?1 and (?2 is null or e.setup in (select value from json_each(?2))) and e.purged_at is null
    order by e.id limit ?3`,
  /** Those of entries ?1 (rows as JSON) that live. */
  purgeCandidatesByRow: `select ${CANDIDATE} from entries e join setups on setups.id = e.setup
    where e.id in ${ROWS} and e.purged_at is null order by e.id`,
  nthNewest: `select id from entries where setup in (select value from json_each(?1)) and purged_at is null
    order by id desc limit 1 offset ?2`,
  /** The hour before which there is nothing of these setups. */
  firstHour: `select min(hour) as hour from (select hour from hours
    where ?1 is null or setup in (select value from json_each(?1)) group by hour having sum(entries) > 0)`,
  newestRow: 'select max(id) as id from entries where purged_at is null',
  /** Of entries ?1 (rows as JSON) that count the bytes of a blob which others need: the one of those who counts them next. */
  heirs: `select e.id, (select min(u.id) from entries u
      where (u.owner = coalesce(e.owner, e.id) or u.id = coalesce(e.owner, e.id)) and u.purged_at is null
        and u.id not in ${ROWS}) as heir
    from entries e where e.id in ${ROWS} and e.counted = 1
      and (e.owner is not null or exists (select 1 from entries u where u.owner = e.id))`,
  graves: `select ${GRAVE} from ${GRAVES} where graves.due_at <= ?1 order by graves.due_at, graves.entry limit ?2`,
  gravesOf: `select ${GRAVE} from ${GRAVES} where graves.entry in ${ROWS}`,
  /** What lies in graves, and what that takes on a disk with blocks of ?1 bytes. */
  gravesTotal: `select count(*) as entries, coalesce(sum(bytes), 0) as bytes, coalesce(sum((bytes + ?1 - 1) / ?1 * ?1), 0) as onDisk
    from (select e.compressed * e.counted + e.report_stored as bytes from graves join entries e on e.id = graves.entry)`,
  /** Those of entries ?1 (rows as JSON) whose blob somebody else needs, who lives or is in a grave of his own. */
  needed: `select e.id from entries e where e.id in ${ROWS} and (
      exists (select 1 from entries u where u.owner = coalesce(e.owner, e.id) and u.id not in ${ROWS} and ${LIVES})
      or exists (select 1 from entries u where u.id = e.owner and u.id not in ${ROWS} and ${LIVES}))`,
  lastPurge: 'select coalesce(max(id), 0) as id from purge_history',
  /** What was archived in hours ?1 and later, by converter: what is purged meanwhile, too. */
  intake: `select setups.converter as converterName, count(*) as entries, sum(e.compressed * (e.owner is null) + e.report_stored) as bytes,
      min(${timeOf('e.id')}) as since
    from entries e join setups on setups.id = e.setup where e.id >= ?1 group by setups.converter`,
  replayRun: 'select state from replays where name = ?',
  replayVersions: `select setups.version, count(*) as entries from entries e join setups on setups.id = e.setup
    where e.id >= ?1 and e.id < ?2 and e.setup in (select value from json_each(?3)) and (?4 is null or e.serial = ?4)
      and e.purged_at is null
    group by setups.version order by setups.version`,
  replayDurations: `select count(*) as entries, count(e.duration_ms) as measured, coalesce(sum(e.duration_ms), 0) as totalMs
    from entries e where e.id >= ?1 and e.id < ?2 and e.setup in (select value from json_each(?3))
      and (?4 is null or e.serial = ?4) and e.purged_at is null`,
} as const;

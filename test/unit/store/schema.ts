/** The small schema of the store's tests. */

/** Rows are `(id, value)`; `applied` counts how often the row's record was applied. */
export const SCHEMA = {
  version: 1,
  migrations: [
    `create table items (id integer primary key, value text not null, applied integer not null default 1);
     create index items_by_value on items (value)`,
  ],
  statements: {
    put: `insert into items (id, value) values (?1, ?2)
      on conflict (id) do update set value = ?2, applied = applied + 1`,
    add: 'insert into items (id, value) values (?, ?)',
    remove: 'delete from items where id = ?',
  },
  queries: {
    all: 'select id, value, applied from items order by id',
    count: 'select count(*) as count from items',
    get: 'select value from items where id = ?',
    slow: 'with recursive n(i) as (select 1 union all select i + 1 from n where i < ?) select count(*) as count from n',
    broken: 'select value from nowhere where id = ?',
    cacheSize: 'pragma cache_size',
    lockingMode: 'pragma locking_mode',
  },
} as const;

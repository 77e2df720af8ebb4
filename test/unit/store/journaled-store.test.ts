import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import initSqlJs from 'sql.js';
import { describe, expect, it, vi } from 'vitest';
import { JournaledStore } from '../../../src/store/journaled-store.js';
import { FaultyFileSystem } from '../../../src/testing/faulty-file-system.js';
import { contentOf, crashCopy, type Item, openStore, SCHEMA, tempFolder } from './support.js';

describe('journaled store', () => {
  it('keeps what was written over close and open', async () => {
    const folder = await tempFolder();
    const { store } = await openStore(folder);
    await store.write('add', [1, 'grün € 🙂']);
    await store.writeAll([
      { statement: 'add', params: [2, 'two'] },
      { statement: 'remove', params: [1] },
    ]);
    await store.close();
    expect(await readdir(folder)).toEqual(['test.db']);
    expect(await contentOf(folder)).toEqual({ items: [{ id: 2, value: 'two', applied: 1 }], events: [] });
    expect(await readdir(folder)).toEqual(['test.db']);
  });

  it('leaves a file that any SQLite tool reads', async () => {
    const folder = await tempFolder();
    const { store } = await openStore(folder);
    await store.write('add', [7, 'seven']);
    await store.close();
    const sql = await initSqlJs();
    const database = new sql.Database(await readFile(join(folder, 'test.db')));
    expect(database.exec('select id, value from items')[0]?.values).toEqual([[7, 'seven']]);
    expect(database.exec('pragma integrity_check')[0]?.values).toEqual([['ok']]);
    expect(database.exec('pragma user_version')[0]?.values).toEqual([[1]]);
    database.close();
  });

  it('makes a write durable before it says so, and shows it to a query asked after that', async () => {
    const folder = await tempFolder();
    const { store } = await openStore(folder);
    for (let id = 1; id <= 20; id += 1) {
      await store.write('add', [id, `v${id}`]);
      expect(await store.query('count')).toEqual([{ count: id }]);
    }
    const { items } = await contentOf(await crashCopy(folder));
    expect(items).toHaveLength(20);
  });

  it('applies writes in the order of the calls, though nobody waits for them one by one', async () => {
    const folder = await tempFolder();
    const { store } = await openStore(folder);
    const writes = Array.from({ length: 500 }, (_, index) => store.write('put', [index % 7, `v${index}`]));
    await Promise.all(writes);
    const expected = Array.from(
      { length: 7 },
      (_, id) => `v${[...Array(500).keys()].filter(i => i % 7 === id).at(-1)}`,
    );
    expect((await store.query<Item>('all')).map(({ value }) => value)).toEqual(expected);
  });

  it('sends many writes out with few fsyncs', async () => {
    const fs = new FaultyFileSystem();
    const { store } = await openStore(await tempFolder(), { fs });
    fs.logging = true;
    await Promise.all(Array.from({ length: 500 }, (_, id) => store.write('add', [id, 'x'])));
    expect(fs.log.filter(({ operation }) => operation === 'file.datasync').length).toBeLessThan(10);
    expect(await store.query('count')).toEqual([{ count: 500 }]);
  });

  it('undoes a write that SQL refuses as a whole and alone, tells it, and does the same on replay', async () => {
    const folder = await tempFolder();
    const { store, events } = await openStore(folder);
    await Promise.all([
      store.write('add', [1, 'one']),
      store.writeAll([
        { statement: 'add', params: [2, 'two'] },
        { statement: 'add', params: [1, 'again'] },
      ]),
      store.write('add', [3, 'three']),
      store.write('add', [4, 'four', 'a parameter too many']),
    ]);
    const items = await store.query<Item>('all');
    expect(items.map(({ id }) => id)).toEqual([1, 3]);
    expect(events.map(([name]) => name)).toEqual(['error', 'error']);
    expect(events[0]?.[1]).toMatchObject({
      error: { code: 'STORE_FAILED', message: expect.stringMatching(/add.*UNIQUE constraint failed/) },
    });
    const replayed = await contentOf(await crashCopy(folder));
    expect(replayed.items).toEqual(items);
  });

  it('refuses what it cannot journal, without harm', async () => {
    const { store } = await openStore(await tempFolder());
    await expect(store.write('nothing', [])).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expect(store.write('add', [Number.NaN, 'x'])).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expect(store.write('add', [1, 'x'.repeat(17 * 1024 * 1024)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expect(store.query('nothing')).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expect(store.query('broken', [1])).rejects.toMatchObject({ message: expect.stringMatching(/no such table/) });
    expect(await store.query('count')).toEqual([{ count: 0 }]);
  });

  it('says so when it is used before it is open or after it is closed', async () => {
    const store = new JournaledStore({ directory: await tempFolder(), name: 'test', schema: SCHEMA });
    await expect(store.write('add', [1, 'x'])).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    await store.open();
    await store.close();
    await expect(store.write('add', [1, 'x'])).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    await expect(store.query('all')).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    await expect(store.open()).rejects.toMatchObject({ code: 'STORE_CLOSED' });
  });

  it('finishes the writes in flight before it closes', async () => {
    const folder = await tempFolder();
    const { store } = await openStore(folder);
    const writes = Array.from({ length: 300 }, (_, id) => store.write('add', [id, 'x']));
    await store.close();
    await Promise.all(writes);
    expect((await contentOf(folder)).items).toHaveLength(300);
  });

  it('checkpoints by itself when the journal has grown, and keeps the settings of its connection', async () => {
    const folder = await tempFolder();
    const { store } = await openStore(folder, { checkpoint: { minJournalBytes: 20_000 } });
    const before = await store.query('cacheSize');
    const checkpointed = new Promise(resolve => store.once('checkpointed', resolve));
    const writes = Array.from({ length: 1_000 }, (_, id) => store.write('add', [id, `value ${id}`]));
    await checkpointed;
    await Promise.all(writes);
    expect(await store.query('count')).toEqual([{ count: 1_000 }]);
    expect(await store.query('cacheSize')).toEqual(before);
    expect(await store.query('lockingMode')).toEqual([{ locking_mode: 'exclusive' }]);
    const copied = await contentOf(await crashCopy(folder));
    expect(copied.items).toHaveLength(1_000);
    expect(copied.items.every(({ applied }) => applied === 1)).toBe(true);
    expect(copied.events).toEqual([]);
  });

  it('brings older rows and journals to the present schema', async () => {
    const folder = await tempFolder();
    const { store } = await openStore(folder);
    await store.write('add', [1, 'in the snapshot']);
    await store.checkpoint();
    await store.write('add', [2, 'in the journal']);
    const copy = await crashCopy(folder);
    const next = {
      version: 2,
      migrations: [...SCHEMA.migrations, "alter table items add column note text not null default 'old'"],
      statements: { insert: "insert into items (id, value, note) values (?, ?, 'new')" },
      queries: { all: 'select id, note from items order by id' },
    };
    for (const expected of [2, 3]) {
      const { store: newer } = await openStore(copy, { schema: next });
      await newer.write('insert', [expected + 1, 'x']);
      expect(await newer.query('all')).toEqual(
        [1, 2, 3, 4].slice(0, expected + 1).map(id => ({ id, note: id > 2 ? 'new' : 'old' })),
      );
      await newer.close();
    }
    const files = await readFile(join(copy, 'test.db'));
    const older = new JournaledStore({ directory: copy, name: 'test', schema: SCHEMA });
    await expect(older.open()).rejects.toMatchObject({ code: 'STORE_TOO_NEW' });
    await older.close();
    expect(await readFile(join(copy, 'test.db'))).toEqual(files);
  });

  it('touches nothing when the journal is of a newer schema', async () => {
    const folder = await tempFolder();
    const next = { ...SCHEMA, version: 2, migrations: [...SCHEMA.migrations, 'create table more (id)'] };
    const { store } = await openStore(folder, { schema: next });
    await store.write('add', [1, 'x']);
    const copy = await crashCopy(folder);
    const journal = await readFile(join(copy, 'test.journal'));
    const older = new JournaledStore({ directory: copy, name: 'test', schema: SCHEMA });
    await expect(older.open()).rejects.toMatchObject({ code: 'STORE_TOO_NEW' });
    await older.close();
    expect(await readdir(copy)).toEqual(['test.journal']);
    expect(await readFile(join(copy, 'test.journal'))).toEqual(journal);
  });

  it('removes what a crashed checkpoint left half-written', async () => {
    const folder = await tempFolder();
    await writeFile(join(folder, 'test.db.millrace-tmp'), 'half');
    const { store } = await openStore(folder);
    await store.close();
    expect(await readdir(folder)).toEqual(['test.db']);
  });

  it('leaves no handle and no timer behind', async () => {
    const resources = (): string[] => process.getActiveResourcesInfo().filter(name => !/^FSReq|^Timeout$/.test(name));
    const before = resources();
    const { store } = await openStore(await tempFolder());
    await store.write('add', [1, 'x']);
    await store.close();
    // What the process itself still has in hand for a moment goes by itself; what is left behind stays.
    await vi.waitFor(() => expect(resources()).toEqual(before), { timeout: 20_000 });
  });
});

import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import initSqlJs from 'sql.js';
import { describe, expect, it } from 'vitest';
import { amount } from '../../support/effort.js';
import { contentOf, crashCopy, type Item, openStore, tempFolder } from './support.js';

const put = (id: number): [string, (string | number)[]] => ['add', [id, `value ${id}`]];
const ids = (items: readonly Item[]): number[] => items.map(({ id }) => id);

/** A folder with a journal of one record per id; with a snapshot of the first ids where asked. */
async function crashed(count: number, inSnapshot = 0): Promise<string> {
  const folder = await tempFolder();
  const { store } = await openStore(folder);
  for (let id = 1; id <= inSnapshot; id += 1) await store.write(...put(id));
  if (inSnapshot > 0) await store.checkpoint();
  for (let id = inSnapshot + 1; id <= count; id += 1) await store.write(...put(id));
  return crashCopy(folder);
}

async function flip(path: string, bit: number): Promise<void> {
  const bytes = await readFile(path);
  const at = Math.floor(bit / 8);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit % 8));
  await writeFile(path, bytes);
}

describe('recovery', () => {
  it('cuts a torn tail off, wherever in the last record it ends', async () => {
    const folder = await crashed(3);
    const whole = await readFile(join(folder, 'test.journal'));
    const shorter = await readFile(join(await crashed(2), 'test.journal'));
    for (let length = shorter.length; length <= whole.length; length += 1) {
      const copy = await crashCopy(folder);
      await truncate(join(copy, 'test.journal'), length);
      const { items, events } = await contentOf(copy);
      expect(ids(items)).toEqual(length === whole.length ? [1, 2, 3] : [1, 2]);
      const torn = length > shorter.length && length < whole.length;
      expect(events.map(([name]) => name)).toEqual(torn ? ['tornTail'] : []);
      if (torn) expect(events[0]?.[1]).toMatchObject({ bytes: length - shorter.length });
    }
  });

  it('takes blocks that a power loss left unwritten for a torn tail', async () => {
    const folder = await crashed(2);
    const journal = await readFile(join(folder, 'test.journal'));
    await writeFile(join(folder, 'test.journal'), Buffer.concat([journal, Buffer.alloc(5_000)]));
    const { items, events } = await contentOf(folder);
    expect(ids(items)).toEqual([1, 2]);
    expect(events.map(([name]) => name)).toEqual(['tornTail']);
  });

  it('writes on after a torn tail', async () => {
    const folder = await crashed(2);
    const journal = await readFile(join(folder, 'test.journal'));
    await truncate(join(folder, 'test.journal'), journal.length - 1);
    const { store } = await openStore(folder);
    await store.write(...put(3));
    const { items, events } = await contentOf(await crashCopy(folder));
    expect(ids(items)).toEqual([1, 3]);
    expect(events).toEqual([]);
  });

  it('finds every flipped bit of the journal, keeps the other records and the damaged file', async () => {
    const folder = await crashed(4);
    const path = join(folder, 'test.journal');
    const bits = (await readFile(path)).length * 8;
    for (let bit = 3; bit < bits; bit += amount({ quick: 331, usual: 127, soak: 7 })) {
      const copy = await crashCopy(folder);
      await flip(join(copy, 'test.journal'), bit);
      const damaged = await readFile(join(copy, 'test.journal'));
      const { items, events } = await contentOf(copy);
      expect(events, `bit ${bit}`).toMatchObject([['damaged', { file: join(copy, 'test.journal') }]]);
      const { movedTo, lostRecords } = (events[0] ?? [])[1] as { movedTo: string; lostRecords: number };
      expect(await readFile(movedTo)).toEqual(damaged);
      expect(items.length + lostRecords, `bit ${bit}`).toBe(4);
      expect(items.length).toBeGreaterThanOrEqual(3);
      expect((await contentOf(copy)).events).toEqual([]);
    }
  });

  it('finds every flipped bit of the snapshot, and turns it back', async () => {
    const folder = await crashed(600, 590);
    const whole = (await contentOf(await crashCopy(folder))).items;
    const bits = (await readFile(join(folder, 'test.db'))).length * 8;
    for (let bit = 5; bit < bits; bit += amount({ quick: 94_219, usual: 47_111, soak: 997 })) {
      const copy = await crashCopy(folder);
      await flip(join(copy, 'test.db'), bit);
      const damaged = await readFile(join(copy, 'test.db'));
      const { items, events } = await contentOf(copy);
      expect(events, `bit ${bit}`).toMatchObject([['damaged', { message: expect.stringContaining('one bit') }]]);
      expect(await readFile(((events[0] ?? [])[1] as { movedTo: string }).movedTo)).toEqual(damaged);
      expect(items, `bit ${bit}`).toEqual(whole);
      expect(await contentOf(copy)).toEqual({ items: whole, events: [] });
    }
  });

  it('turns a bit of the checksum back, too', async () => {
    const folder = await crashed(12, 9);
    for (const bit of [68 * 8, 70 * 8 + 3, 71 * 8 + 7]) {
      const copy = await crashCopy(folder);
      await flip(join(copy, 'test.db'), bit);
      const { items, events } = await contentOf(copy);
      expect(events).toMatchObject([['damaged', { message: expect.stringContaining('one bit') }]]);
      expect(items).toHaveLength(12);
    }
  });

  it('finds a block of the snapshot that is not what it was, and keeps what can be read', async () => {
    const folder = await crashed(600, 590);
    const { length } = await readFile(join(folder, 'test.db'));
    let kept = 0;
    let tries = 0;
    for (let at = 100; at < length; at += amount({ quick: 7_817, usual: 3_917, soak: 127 })) {
      const copy = await crashCopy(folder);
      const bytes = await readFile(join(copy, 'test.db'));
      bytes.fill('?', at, at + 64);
      await writeFile(join(copy, 'test.db'), bytes);
      const { items, events } = await contentOf(copy);
      expect(events, `byte ${at}`).toMatchObject([['damaged', { file: join(copy, 'test.db') }]]);
      // The journal alone gives the last ten.
      expect(ids(items).slice(-10)).toEqual([591, 592, 593, 594, 595, 596, 597, 598, 599, 600]);
      kept += items.length;
      tries += 1;
      expect((await contentOf(copy)).events).toEqual([]);
    }
    expect(kept / tries).toBeGreaterThan(400);
  });

  it('does not believe what a damaged snapshot says of its tables', async () => {
    const folder = await crashed(12, 9);
    const whole = (await contentOf(await crashCopy(folder))).items;
    for (const [from, to] of [
      // SQLite finds nothing wrong with any of them: a column of another name, a key that is none, a table of another name.
      ['value text not null, applied', 'vahxe text not null, applied'],
      ['integer primary key', 'integex primaxy key'],
      ['CREATE TABLE items', 'CREATE TABXE itxms'],
    ] as const) {
      const copy = await crashCopy(folder);
      const bytes = await readFile(join(copy, 'test.db'));
      const at = bytes.indexOf(from);
      expect(at, from).toBeGreaterThan(0);
      bytes.write(to, at);
      await writeFile(join(copy, 'test.db'), bytes);
      const { items, events } = await contentOf(copy);
      expect(events.map(([name]) => name)).toEqual(['damaged']);
      expect(items, to).toEqual(whole);
    }
  });

  it('makes a table anew that a damaged snapshot does not have', async () => {
    const folder = await crashed(12, 9);
    const SQL = await initSqlJs();
    const database = new SQL.Database(await readFile(join(folder, 'test.db')));
    database.run('drop table items');
    await writeFile(join(folder, 'test.db'), database.export());
    database.close();
    const { items, events } = await contentOf(folder);
    expect(events.map(([name]) => name)).toEqual(['damaged']);
    // Those that the journal has.
    expect(ids(items)).toEqual([10, 11, 12]);
  });

  it('finds out how far a damaged snapshot goes', async () => {
    const folder = await crashed(12, 9);
    const SQL = await initSqlJs();
    for (const [sequences, known] of [
      [[9, 9, 25], 12],
      [[9, 25, 41], 12],
    ] as const) {
      const copy = await crashCopy(folder);
      const database = new SQL.Database(await readFile(join(copy, 'test.db')));
      database.run('delete from millrace_store');
      for (const sequence of sequences) database.run('insert into millrace_store values (?)', [sequence]);
      await writeFile(join(copy, 'test.db'), database.export());
      database.close();
      const { items } = await contentOf(copy);
      expect(items).toHaveLength(known);
    }
  });

  it('opens with what the journal has when the snapshot is cut short, garbage or empty', async () => {
    const folder = await crashed(40, 30);
    const snapshot = await readFile(join(folder, 'test.db'));
    for (const content of [snapshot.subarray(0, 5_000), Buffer.alloc(9_000, 'x'), Buffer.alloc(0)]) {
      const copy = await crashCopy(folder);
      await writeFile(join(copy, 'test.db'), content);
      const { items, events } = await contentOf(copy);
      expect(events.map(([name]) => name)).toEqual(['damaged']);
      expect(ids(items).slice(-10)).toEqual([31, 32, 33, 34, 35, 36, 37, 38, 39, 40]);
      expect((await readdir(copy)).filter(name => name.includes('.damaged-'))).toHaveLength(1);
    }
  });

  it('says how many writes are lost when a journal is missing between snapshot and journal', async () => {
    const older = await crashed(5, 5);
    const newer = await crashed(12, 9);
    await writeFile(join(newer, 'test.db'), await readFile(join(older, 'test.db')));
    const { items, events } = await contentOf(newer);
    expect(ids(items)).toEqual([1, 2, 3, 4, 5, 10, 11, 12]);
    expect(events).toMatchObject([['damaged', { lostRecords: 4 }]]);
  });

  it('survives a journal that is garbage', async () => {
    const folder = await crashed(6, 4);
    await writeFile(join(folder, 'test.journal'), Buffer.alloc(3_000, 'garbage'));
    const { store, events } = await openStore(folder);
    expect(ids(await store.query<Item>('all'))).toEqual([1, 2, 3, 4]);
    expect(events.map(([name]) => name)).toEqual(['damaged']);
    await store.write(...put(9));
    expect(ids((await contentOf(await crashCopy(folder))).items)).toEqual([1, 2, 3, 4, 9]);
  });
});

import { describe, expect, it } from 'vitest';
import type { JournaledStore } from '../../../src/store/journaled-store.js';
import { JournaledStore as Store } from '../../../src/store/journaled-store.js';
import { FaultyFileSystem, type FileOperation } from '../../../src/testing/faulty-file-system.js';
import { amount } from '../../support/effort.js';
import { contentOf, crashCopy, type Item, openStore, SCHEMA, tempFolder } from './support.js';

/** Writes and checkpoints as a busy store does, and notes what was acknowledged and what was refused. */
async function work(store: JournaledStore, from: number): Promise<{ acked: number[]; refused: number[] }> {
  const acked: number[] = [];
  const refused: number[] = [];
  const put = async (id: number): Promise<void> => {
    await store.write('put', [id, `value ${id}`]).then(
      () => acked.push(id),
      () => refused.push(id),
    );
  };
  for (let round = 0; round < 2; round += 1) {
    const id = from + round * 10;
    await Promise.all([put(id), put(id + 1), put(id + 2)]);
    await put(id + 3);
    await store.checkpoint().catch(() => undefined);
    await put(id + 4);
  }
  return { acked, refused };
}

function expectKept(items: readonly Item[], acked: readonly number[]): void {
  expect(items.filter(({ applied }) => applied !== 1)).toEqual([]);
  const there = new Set(items.map(({ id }) => id));
  expect(acked.filter(id => !there.has(id))).toEqual([]);
}

/** How many operations a run without faults makes. */
async function countOperations(): Promise<number> {
  const fs = new FaultyFileSystem();
  fs.logging = true;
  const store = new Store({ directory: await tempFolder(), name: 'test', schema: SCHEMA, fs });
  await store.open();
  await work(store, 0);
  await store.close();
  return fs.log.length;
}

/** Not every operation, each fault at others than the last: a sweep over all takes minutes. */
const STRIDE = amount({ quick: 24, usual: 8, soak: 1 });

describe('journaled store on a failing disk', () => {
  for (const [first, code, afterwards] of [
    [0, 'ENOSPC', false],
    [2, 'EIO', false],
    [4, 'EIO', true],
    [6, 'EACCES', false],
  ] as const) {
    const what = `${code}${afterwards ? ' after the fact' : ''}`;
    it(`loses nothing when one operation fails with ${what}, whichever it is`, { timeout: 240_000 }, async () => {
      const operations = await countOperations();
      expect(operations).toBeGreaterThan(40);
      for (let index = first; index < operations; index += STRIDE) {
        const folder = await tempFolder();
        const fs = new FaultyFileSystem();
        fs.fail({ code, skip: index, times: 1, afterwards });
        const store = new Store({ directory: folder, name: 'test', schema: SCHEMA, fs });
        store.on('error', () => undefined);
        await store.open().catch(() => store.open());
        const { acked, refused } = await work(store, 0);
        const seen = await store.query<Item>('all');
        expectKept(seen, acked);
        expect(seen.filter(({ id }) => refused.includes(id))).toEqual([]);
        // As a kill at this moment would leave it, and as a close does.
        for (const place of [await crashCopy(folder), folder]) {
          if (place === folder) await store.close();
          const { items, events } = await contentOf(place);
          expect(items, `operation ${index}`).toEqual(seen);
          expect(events, `operation ${index}`).toEqual([]);
        }
      }
    });
  }

  it('refuses writes while the disk is full, and takes them again by itself when it is not', async () => {
    const folder = await tempFolder();
    const fs = new FaultyFileSystem();
    const { store } = await openStore(folder, { fs });
    await store.write('add', [1, 'before']);
    fs.fail({ operation: ['file.write', 'open'], code: 'ENOSPC' });
    for (let id = 10; id < 15; id += 1) {
      await expect(store.write('add', [id, 'x'])).rejects.toMatchObject({ name: 'DiskSpaceError', code: 'DISK_FULL' });
    }
    await expect(store.checkpoint()).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(await store.query('count')).toEqual([{ count: 1 }]);
    fs.heal();
    await store.write('add', [2, 'after']);
    await store.checkpoint();
    expect((await store.query<Item>('all')).map(({ id }) => id)).toEqual([1, 2]);
    expect((await contentOf(await crashCopy(folder))).items.map(({ id }) => id)).toEqual([1, 2]);
  });

  it('does not trust the journal after a failed fsync until it has cut it back', async () => {
    const folder = await tempFolder();
    const fs = new FaultyFileSystem();
    const { store } = await openStore(folder, { fs });
    await store.write('add', [1, 'x']);
    fs.fail({ operation: 'file.datasync', code: 'EIO' });
    await expect(store.write('add', [2, 'x'])).rejects.toMatchObject({ code: 'STORE_FAILED', cause: { code: 'EIO' } });
    fs.heal();
    const truncate = fs.fail({ operation: 'file.stat', code: 'EIO', times: 1 });
    await expect(store.write('add', [3, 'x'])).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(truncate.hits).toBe(1);
    await store.write('add', [4, 'x']);
    const { items, events } = await contentOf(await crashCopy(folder));
    expect(items.map(({ id }) => id)).toEqual([1, 4]);
    expect(events).toEqual([]);
  });

  it('keeps everything in the journal when the last snapshot cannot be written', async () => {
    const folder = await tempFolder();
    const fs = new FaultyFileSystem();
    const { store, events } = await openStore(folder, { fs });
    await store.write('add', [1, 'x']);
    fs.fail({ operation: 'rename', code: 'EACCES' });
    await store.close();
    expect(events).toMatchObject([['error', { error: { code: 'STORE_FAILED' } }]]);
    expect((await contentOf(folder)).items).toHaveLength(1);
  });

  it('checkpoints on a file system without hard links', async () => {
    const folder = await tempFolder();
    const fs = new FaultyFileSystem();
    fs.fail({ operation: 'link', code: 'ENOTSUP' });
    const { store } = await openStore(folder, { fs });
    const { acked } = await work(store, 0);
    expect(acked).toHaveLength(10);
    expectKept((await contentOf(await crashCopy(folder))).items, acked);
    await store.close();
    expectKept((await contentOf(folder)).items, acked);
  });

  it('can be killed before any operation of a checkpoint', async () => {
    const changing: FileOperation[] = ['open', 'link', 'rename', 'unlink', 'file.write', 'file.datasync', 'file.sync'];
    for (let index = 0; ; index += 1) {
      const folder = await tempFolder();
      const fs = new FaultyFileSystem();
      const { store } = await openStore(folder, { fs });
      await Promise.all([1, 2, 3].map(id => store.write('put', [id, 'x'])));
      // From this operation on nothing reaches the disk, as in a process that is killed.
      const dead = fs.fail({ operation: changing, code: 'EIO', skip: index });
      await store.checkpoint().catch(() => undefined);
      const { items, events } = await contentOf(await crashCopy(folder));
      expectKept(items, [1, 2, 3]);
      expect(items).toHaveLength(3);
      expect(events).toEqual([]);
      const done = dead.hits === 0;
      fs.heal();
      await store.close();
      if (done) {
        expect(index).toBeGreaterThan(10);
        return;
      }
    }
  });
});

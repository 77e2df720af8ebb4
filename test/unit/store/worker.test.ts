import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { JournaledStore } from '../../../src/store/journaled-store.js';
import { FaultyFileSystem } from '../../../src/testing/faulty-file-system.js';
import { contentOf, crashCopy, type Item, openStore, SCHEMA, tempFolder } from './support.js';

/** The threads that are started during the test, newest last. */
function watchWorkers(): Worker[] {
  const workers: Worker[] = [];
  const note = (worker: Worker): void => void workers.push(worker);
  process.on('worker', note);
  onTestFinished(() => void process.off('worker', note));
  return workers;
}

describe('the thread that runs SQL', () => {
  it('may die at any time: writes are acknowledged as usual, and nothing is missing afterwards', async () => {
    const workers = watchWorkers();
    const folder = await tempFolder();
    const { store, events } = await openStore(folder, { checkpoint: { minJournalBytes: 30_000 } });
    const restarted = once(store, 'workerRestarted');
    const writes: Promise<void>[] = [];
    for (let id = 0; id < 2_000; id += 1) {
      writes.push(store.write('put', [id, `value ${id}`]));
      if (id % 50 === 0) await writes.at(-1);
      if (id === 1_000) void workers.at(-1)?.terminate();
    }
    await Promise.all(writes);
    await restarted;
    const items = await store.query<Item>('all');
    expect(items).toHaveLength(2_000);
    expect(items.every(({ applied }) => applied === 1)).toBe(true);
    expect(events.map(([name]) => name)).toEqual(['workerRestarted']);
    expect((await contentOf(await crashCopy(folder))).items).toEqual(items);
  });

  it('is asked again when it died under a query', async () => {
    const workers = watchWorkers();
    const { store } = await openStore(await tempFolder());
    await store.write('add', [1, 'x']);
    const slow = store.query('slow', [2_000_000]);
    const next = store.query('count');
    void workers.at(-1)?.terminate();
    expect(await slow).toEqual([{ count: 2_000_000 }]);
    expect(await next).toEqual([{ count: 1 }]);
  });

  it('is given up after three deaths within a minute', async () => {
    const workers = watchWorkers();
    const folder = await tempFolder();
    const { store, events } = await openStore(folder);
    await store.write('add', [1, 'x']);
    for (let death = 0; death < 2; death += 1) {
      const restarted = once(store, 'workerRestarted');
      await workers.at(-1)?.terminate();
      await restarted;
    }
    const gaveUp = once(store, 'error');
    await workers.at(-1)?.terminate();
    await gaveUp;
    await expect(store.query('count')).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expect(store.write('add', [2, 'x'])).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await store.close();
    expect(events.filter(([name]) => name === 'workerRestarted')).toHaveLength(2);
    expect((await contentOf(folder)).items.map(({ id }) => id)).toEqual([1]);
  });

  it('is loaded again until the files can be read', async () => {
    const workers = watchWorkers();
    const fs = new FaultyFileSystem();
    const { store } = await openStore(await tempFolder(), { fs });
    await store.write('add', [1, 'x']);
    const fault = fs.fail({ operation: 'open', path: /test\.db$/, code: 'EIO', times: 1 });
    const told = once(store, 'error');
    await workers.at(-1)?.terminate();
    await told;
    expect(fault.hits).toBe(1);
    expect(await store.query('count')).toEqual([{ count: 1 }]);
  });

  it('does not keep the event loop waiting while it works', async () => {
    const { store } = await openStore(await tempFolder());
    let turns = 0;
    const turn = setInterval(() => {
      turns += 1;
    }, 1);
    await store.query('slow', [3_000_000]);
    clearInterval(turn);
    expect(turns).toBeGreaterThan(10);
  });

  it('slows writes down to its pace instead of letting them pile up in memory', async () => {
    const { store } = await openStore(await tempFolder());
    const value = 'x'.repeat(2_000);
    let peak = 0;
    const before = process.memoryUsage().arrayBuffers;
    const writer = async (from: number): Promise<void> => {
      for (let id = from; id < 60_000; id += 500) {
        await store.write('add', [id, value]);
        peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
      }
    };
    await Promise.all(Array.from({ length: 500 }, (_, from) => writer(from)));
    expect(await store.query('count')).toEqual([{ count: 60_000 }]);
    expect(peak).toBeLessThan(110 * 1024 * 1024);
  });

  it('ends with close, also right after open', async () => {
    const workers = watchWorkers();
    const store = new JournaledStore({ directory: await tempFolder(), name: 'test', schema: SCHEMA });
    void store.open();
    await store.close();
    expect(workers).toHaveLength(1);
    expect(workers[0]?.threadId).toBe(-1);
  });
});

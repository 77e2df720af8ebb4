/** What a backlog costs, counted in file operations: times tell of the machine, these of the queue. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { describe, expect, it } from 'vitest';
import type { PendingQueue } from '../../../src/pending/pending-queue.js';
import { FaultyFileSystem } from '../../../src/testing/faulty-file-system.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { amount } from '../../support/effort.js';
import { makeQueue, next, temporaryFolder } from './support.js';

const FEW = 10;
const MANY = amount({ quick: 1_000, usual: 5_000, soak: 100_000 });

interface Costs {
  /** Operations on the files that wait, by name: how many there were of each. */
  onWaiting: Record<string, number>;
  /** Every other operation of the start, one enqueue and one delivery, in order. */
  start: string[];
  enqueue: string[];
  delivery: string[];
  bytes: number;
}

/** Puts so many reports into a folder, starts a queue on it, and notes every file operation. */
async function costs(count: number): Promise<Costs> {
  const directory = await temporaryFolder();
  await pLimit(32).map(Array.from({ length: count }), (_, n) => {
    const stamp = new Date(Date.UTC(2026, 0, 1) + n).toISOString().replace(/[-:]/g, '');
    return writeFile(join(directory, `${stamp}-r${n}.a0.json.queued`), '{"n":12345}');
  });
  const fs = new FaultyFileSystem();
  const queue: PendingQueue = makeQueue(directory, {
    fs,
    clock: new ManualClock(Date.UTC(2026, 1, 1)),
    concurrency: 1,
    submitter: async () => {
      queue.pause();
      return {};
    },
  });
  queue.pause();
  fs.logging = true;
  await queue.start();
  // The sizes are read when the queue works already.
  while (queue.statistics().bytes < count * 11) await new Promise(setImmediate);
  const waits = (path: string) => /-r\d+\.a0\.json\.queued$/.test(path);
  const onWaiting: Record<string, number> = {};
  for (const { operation, path } of fs.log) {
    if (waits(path)) onWaiting[operation] = (onWaiting[operation] ?? 0) + 1;
  }
  const start = fs.log.filter(({ path }) => !waits(path)).map(({ operation }) => operation);

  fs.log.length = 0;
  await queue.enqueue({ n: -1 }, { id: 'new' });
  const enqueue = fs.log.map(({ operation }) => operation);

  fs.log.length = 0;
  const submitted = next(queue, 'submitted');
  queue.resume();
  expect((await submitted).id).toBe('r0');
  while (queue.statistics().queued > count) await new Promise(setImmediate);
  while (queue.find('r0') !== undefined) await new Promise(setImmediate);
  const delivery = fs.log.map(({ operation }) => operation);
  return { onWaiting, start, enqueue, delivery, bytes: queue.statistics().bytes };
}

describe(`${MANY} waiting reports`, () => {
  it('are not opened by a start, and make no enqueue and no delivery dearer than ten do', async () => {
    const few = await costs(FEW);
    const many = await costs(MANY);
    expect(few.onWaiting).toEqual({ stat: FEW });
    expect(many.onWaiting).toEqual({ stat: MANY });
    expect(many.start).toEqual(few.start);
    expect(many.start.filter(operation => operation === 'readdir').length).toBeLessThanOrEqual(3);
    expect(many.enqueue).toEqual(few.enqueue);
    expect(many.delivery).toEqual(few.delivery);
    expect(many.delivery).toContain('readFile');
    expect(many.bytes).toBe(MANY * 11 - 11 + 8);
  });
});

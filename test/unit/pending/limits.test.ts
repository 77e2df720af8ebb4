import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.js';
import { type FileSystem, nodeFileSystem } from '../../../src/files/file-system.js';
import { PendingQueue } from '../../../src/pending/pending-queue.js';
import { FaultyFileSystem } from '../../../src/testing/faulty-file-system.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { files, makeQueue, next, record, temporaryFolder } from './support.js';

const MIB = 1024 * 1024;

/** The machine's file system on a disk whose free space the test decides. */
function diskWith(free: { bytes: number; calls?: number }): FileSystem {
  return {
    ...nodeFileSystem,
    statfs: async () => {
      free.calls = (free.calls ?? 0) + 1;
      return { bavail: free.bytes / 512, blocks: (100 * MIB) / 512, bsize: 512 } as Awaited<
        ReturnType<FileSystem['statfs']>
      >;
    },
  };
}

describe('maxSize and maxBytes', () => {
  it('turn a report away with hints, keep what waits, and tell once until there is room again', async () => {
    const queue = makeQueue(await temporaryFolder(), { maxSize: 3 });
    const full = record(queue, 'full');
    await queue.start();
    queue.pause();
    const results = await Promise.allSettled(Array.from({ length: 6 }, (_, n) => queue.enqueue({ n })));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    const error = await queue.enqueue({ n: 9 }).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'QueueFullError', code: 'QUEUE_FULL' });
    expect((error as { hints: string[] }).hints.length).toBeGreaterThan(0);
    expect(full).toHaveLength(1);
    expect(queue.size).toBe(3);
    queue.resume();
    await queue.drain();
    await queue.enqueue({ n: 10 });
    await queue.drain();
    expect(queue.statistics().delivered).toBe(4);
  });

  it('count bytes, also of what waited before a restart', async () => {
    const directory = await temporaryFolder();
    const first = makeQueue(directory, { maxBytes: 100 });
    await first.start();
    first.pause();
    await first.enqueue('x'.repeat(58), { id: 'big' });
    await expect(first.enqueue('y'.repeat(58))).rejects.toThrow(/maxBytes is 100/);
    await first.stop();
    const second = makeQueue(directory, { maxBytes: 100 });
    second.pause();
    await second.start();
    while (second.statistics().bytes === 0) await new Promise(setImmediate);
    expect(second.statistics().bytes).toBe(60);
    await expect(second.enqueue('y'.repeat(58))).rejects.toThrow(/maxBytes is 100/);
    second.resume();
    await second.drain();
    expect(second.statistics().bytes).toBe(0);
  });

  it('put on pressure at the high mark and take it off at the low mark', async () => {
    const queue = makeQueue(await temporaryFolder(), { maxSize: 10, concurrency: 1 });
    const pressure = record(queue, 'pressure');
    await queue.start();
    queue.pause();
    for (let n = 0; n < 8; n++) await queue.enqueue({ n });
    expect(queue.pressure).toBe(false);
    await queue.enqueue({ n: 8 });
    expect(queue.pressure).toBe(true);
    queue.resume();
    await queue.drain();
    expect(queue.pressure).toBe(false);
    expect(pressure.map(({ payload }) => payload)).toEqual([
      { high: true, size: 9, bytes: 63 },
      { high: false, size: 7, bytes: 49 },
    ]);
  });
});

describe('the free space', () => {
  it('is looked at before each write, and too little of it turns reports away until it is back', async () => {
    const clock = new ManualClock();
    const free: { bytes: number; calls?: number } = { bytes: 50 * MIB };
    const queue = makeQueue(await temporaryFolder(), { clock, fs: diskWith(free), minFreeBytes: 40 * MIB });
    const events = record(queue, 'diskLow', 'diskRecovered', 'pressure');
    await queue.start();
    queue.pause();
    for (let n = 0; n < 100; n++) await queue.enqueue({ n });
    expect(free.calls).toBe(100);
    // No time passes: the very next write knows of it.
    free.bytes = 30 * MIB;
    await expect(queue.enqueue({ late: 1 })).rejects.toMatchObject({ name: 'DiskSpaceError', code: 'DISK_FULL' });
    await expect(queue.enqueue({ late: 2 })).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(queue.statistics().diskLow).toBe(true);
    expect(queue.pressure).toBe(true);
    free.bytes = 41 * MIB;
    await clock.advance(5_000);
    expect(queue.statistics().diskLow).toBe(true);
    free.bytes = 60 * MIB;
    const recovered = next(queue, 'diskRecovered');
    await clock.advance(5_000);
    expect(await recovered).toMatchObject({ freeBytes: 60 * MIB, thresholdBytes: 40 * MIB });
    await queue.enqueue({ late: 3 });
    expect(events.map(({ event }) => event)).toEqual(['diskLow', 'pressure', 'diskRecovered', 'pressure']);
    expect(queue.size).toBe(101);
  });

  it('is shared by reports that come together: what one of them will take, another cannot have', async () => {
    const free: { bytes: number; calls?: number } = { bytes: 40 * MIB + 35_000 };
    const queue = makeQueue(await temporaryFolder(), { fs: diskWith(free), minFreeBytes: 40 * MIB });
    await queue.start();
    queue.pause();
    const text = 'x'.repeat(9_990);
    const results = await Promise.allSettled(Array.from({ length: 10 }, (_, n) => queue.enqueue({ n, text })));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    // Neither each for itself, nor one before all of them came.
    expect(free.calls).toBe(2);
    expect(queue.size).toBe(3);
  });

  it('is measured after a report came, never taken from a look that began before', async () => {
    const answers: (() => void)[] = [];
    const free = { bytes: 50 * MIB };
    const disk = diskWith(free);
    const fs: FileSystem = {
      ...disk,
      statfs: async path => {
        const seen = await disk.statfs(path);
        await new Promise<void>(resolve => answers.push(resolve));
        return seen;
      },
    };
    const queue = makeQueue(await temporaryFolder(), { fs, minFreeBytes: 40 * MIB });
    await queue.start();
    queue.pause();
    const first = queue.enqueue({ n: 1 });
    while (answers.length < 1) await new Promise(setImmediate);
    free.bytes = 30 * MIB;
    const second = expect(queue.enqueue({ n: 2 })).rejects.toMatchObject({ code: 'DISK_FULL' });
    answers[0]?.();
    await first;
    while (answers.length < 2) await new Promise(setImmediate);
    answers[1]?.();
    await second;
  });

  it('can be asked for in percent of the volume', async () => {
    const queue = makeQueue(await temporaryFolder(), { fs: diskWith({ bytes: 20 * MIB }), minFreePercent: 25 });
    await queue.start();
    await expect(queue.enqueue({})).rejects.toThrow(/must stay free/);
  });

  it('is no reason to turn a report away when it cannot be measured', async () => {
    const fs = new FaultyFileSystem();
    fs.fail({ operation: 'statfs', code: 'ENOSYS' });
    const queue = makeQueue(await temporaryFolder(), { fs, minFreeBytes: MIB });
    await queue.start();
    await queue.enqueue({});
    await queue.drain();
  });

  it('has a reserve that is given up so that bookkeeping can go on, and is made again later', async () => {
    const directory = await temporaryFolder();
    const clock = new ManualClock();
    const fs = new FaultyFileSystem();
    const queue = makeQueue(directory, { fs, clock, reserveBytes: 4096, keepCompleted: true });
    await queue.start();
    while (!(await readdir(directory)).includes('reserve')) await new Promise(setImmediate);
    queue.pause();
    await queue.enqueue({ n: 1 });
    // As on a full disk: renames fail until the reserve is gone.
    const full = fs.fail({ operation: 'rename', path: /\.(processing|completed)$/, code: 'ENOSPC', times: 1 });
    queue.resume();
    await queue.drain();
    expect(full.hits).toBe(1);
    expect(await readdir(directory)).not.toContain('reserve');
    expect(await files(directory)).toEqual([expect.stringMatching(/completed$/)]);
    fs.heal();
    const nowFull = fs.fail({ operation: 'file.write', path: /millrace-tmp/, code: 'ENOSPC' });
    await expect(queue.enqueue({ n: 2 })).rejects.toMatchObject({ code: 'DISK_FULL' });
    nowFull.remove();
    const recovered = next(queue, 'diskRecovered');
    while (queue.statistics().diskLow) await clock.advance(5_000);
    await recovered;
    while (!(await readdir(directory)).includes('reserve')) await new Promise(setImmediate);
  });
});

describe('the options', () => {
  it('are checked all at once, each problem with its path', () => {
    const submitter = async () => ({});
    const wrong = {
      directory: '',
      submitter,
      concurrency: 0,
      maxSize: -1,
      drain: 'sideways' as never,
      retry: { budgetPerMinute: 0 },
      breaker: { failureThreshold: 0.5 },
    };
    const error = (() => {
      try {
        return new PendingQueue(wrong);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).problems.map(({ path }) => path)).toEqual([
      'directory',
      'concurrency',
      'maxSize',
      'drain',
      'retry.budgetPerMinute',
      'breaker.failureThreshold',
    ]);
  });
});

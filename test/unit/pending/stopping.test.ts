import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type FileSystem, nodeFileSystem } from '../../../src/files/file-system.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { deferred, files, makeQueue, NEVER_MS, notingSubmitter, temporaryFolder } from './support.js';

describe('a queue that is being stopped', () => {
  it('is not set going again by resume, and ends', async () => {
    const directory = await temporaryFolder();
    const answer = deferred();
    const { submit, seen } = notingSubmitter(() => answer.promise.then(() => ({})));
    const queue = makeQueue(directory, { submitter: submit, concurrency: 1 });
    await queue.start();
    for (let n = 0; n < 3; n++) await queue.enqueue({ n });
    while (seen.length === 0) await new Promise(setImmediate);
    const stopped = queue.stop();
    queue.pause();
    queue.resume();
    answer.resolve();
    await stopped;
    expect(seen).toHaveLength(1);
    expect(await files(directory)).toHaveLength(2);
    expect(queue.state).toBe('stopped');
  });

  it('waits until the outcome of what it still delivered is settled, so that it is not told or sent again', async () => {
    const directory = await temporaryFolder();
    const answer = deferred();
    const { submit, seen } = notingSubmitter(() => answer.promise.then(() => ({})));
    const queue = makeQueue(directory, { submitter: submit });
    const settled: string[] = [];
    queue.settle({
      delivered: async ({ id }) => {
        for (let turns = 0; turns < 50; turns++) await new Promise(setImmediate);
        settled.push(id);
      },
      refused: async () => undefined,
    });
    await queue.start();
    await queue.enqueue({ n: 1 }, { id: 'one' });
    while (seen.length === 0) await new Promise(setImmediate);
    const stopped = queue.stop();
    answer.resolve();
    await stopped;
    expect(settled).toEqual(['one']);
    expect(await files(directory)).toEqual([]);
  });

  it('takes nothing more once it puts back what was on its way, so that busy producers cannot keep it from ending', async () => {
    const directory = await temporaryFolder();
    const queue = makeQueue(directory, { submitter: () => deferred<never>().promise });
    await queue.start();
    const taken: string[] = [];
    const produce = async (): Promise<{ code: string }> => {
      for (let n = 0; ; n++) {
        try {
          taken.push((await queue.deliver({ n, by: Math.random() })).id);
        } catch (error) {
          return error as { code: string };
        }
      }
    };
    const producers = Array.from({ length: 10 }, produce);
    await queue.stop({ timeoutMs: 0 });
    for (const error of await Promise.all(producers)) expect(error.code).toBe('QUEUE_CLOSED');
    expect(await files(directory)).toHaveLength(new Set(taken).size);
  });

  it('does not wait for a folder that hangs for longer than five seconds, and gives the lock back when it is done', async () => {
    const directory = await temporaryFolder();
    const clock = new ManualClock();
    const answer = deferred();
    let hung = false;
    const fs: FileSystem = {
      ...nodeFileSystem,
      rename: async (from, to) => {
        if (to.endsWith('.processing')) {
          hung = true;
          await answer.promise;
        }
        return nodeFileSystem.rename(from, to);
      },
    };
    const queue = makeQueue(directory, { fs, clock, probeIntervalMs: NEVER_MS });
    await queue.start();
    await queue.enqueue({ n: 1 }, { id: 'one' });
    while (!hung) await new Promise(setImmediate);
    let stopped = false;
    const stop = queue.stop({ timeoutMs: 1_000 }).then(() => {
      stopped = true;
    });
    while (!stopped) await clock.advance(100);
    await stop;
    expect(clock.monotonic()).toBeGreaterThanOrEqual(6_000);
    expect(clock.monotonic()).toBeLessThan(7_000);
    expect(queue.state).toBe('stopped');
    expect(await readdir(directory)).toContain('lock');
    answer.resolve();
    while ((await readdir(directory)).includes('lock')) await new Promise(setImmediate);
    expect((await files(directory)).map(name => name.slice(21))).toEqual(['one.a0.json.queued']);
  });
});

import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type FileSystem, nodeFileSystem } from '../../../src/files/file-system.js';
import type { PendingQueue } from '../../../src/pending/pending-queue.js';
import { FaultyFileSystem } from '../../../src/testing/faulty-file-system.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import {
  deferred,
  files,
  makeQueue,
  NEVER_MS,
  next,
  notingSubmitter,
  record,
  temporaryFolder,
} from '../../unit/pending/support.js';

describe('a pending folder that cannot be reached', () => {
  it('does not keep the queue from starting; enqueue says what is wrong, and the queue takes it up when it is back', async () => {
    const root = await temporaryFolder();
    const directory = join(root, 'pending');
    await writeFile(directory, 'a file is in the way');
    const queue = makeQueue(directory, { probeIntervalMs: 20 });
    const events = record(queue, 'offline', 'online', 'error');
    await queue.start();
    expect(queue.state).toBe('offline');
    expect(queue.offlineReason).toContain(directory);
    await expect(queue.enqueue({ n: 1 })).rejects.toMatchObject({ code: 'FOLDER_MISSING' });
    expect(await queue.deliver({ n: 1 }).catch((error: { code: string }) => error.code)).not.toMatchObject({
      outcome: 'queued',
    });
    const online = next(queue, 'online');
    await rm(directory);
    await online;
    expect(queue.state).toBe('running');
    await queue.enqueue({ n: 1 });
    await queue.drain();
    expect(events.map(({ event }) => event)).toEqual(['error', 'offline', 'online']);
  });

  it('is waited for no longer than five seconds at the start, also when the system does not answer at all', async () => {
    const directory = join(await temporaryFolder(), 'pending');
    const answer = deferred();
    const fs: FileSystem = {
      ...nodeFileSystem,
      mkdir: async (path, options) => {
        await answer.promise;
        return nodeFileSystem.mkdir(path, options);
      },
    };
    const clock = new ManualClock();
    const queue = makeQueue(directory, { fs, clock });
    const started = queue.start();
    await clock.advance(4_999);
    expect(queue.state).toBe('stopped');
    await clock.advance(1);
    await started;
    expect(queue.state).toBe('offline');
    const online = next(queue, 'online');
    answer.resolve();
    await online;
    await queue.enqueue({ n: 1 });
    await queue.drain();
  });

  it('and goes while the queue works loses nothing: no report counts as deleted, and all flow when it is back', async () => {
    const root = await temporaryFolder();
    const directory = join(root, 'pending');
    const { submit, seen } = notingSubmitter();
    const queue = makeQueue(directory, { submitter: submit, probeIntervalMs: 20 });
    const events = record(queue, 'vanished', 'offline', 'online', 'recovered');
    await queue.start();
    queue.pause();
    for (let n = 0; n < 20; n++) await queue.enqueue({ n }, { id: `r${n}` });
    await rename(directory, join(root, 'away'));
    const offline = next(queue, 'offline');
    queue.resume();
    await offline;
    expect(queue.state).toBe('offline');
    await expect(queue.enqueue({ late: 1 })).rejects.toMatchObject({ code: 'FOLDER_MISSING' });
    expect((await queue.deliver({ late: 2 }).catch((error: { code: string }) => error)) as object).toMatchObject({
      code: expect.any(String),
    });
    const online = next(queue, 'online');
    await rename(join(root, 'away'), directory);
    await online;
    await queue.drain();
    expect(new Set(seen.map(({ key }) => key)).size).toBe(20);
    expect(events.map(({ event }) => event)).toEqual(['recovered', 'offline', 'recovered', 'online']);
  });

  it('is not made anew in an empty mount point', async () => {
    const root = await temporaryFolder();
    const directory = join(root, 'share', 'pending');
    const queue = makeQueue(directory, { probeIntervalMs: 10 });
    await queue.start();
    queue.pause();
    await queue.enqueue({ n: 1 });
    await rename(join(root, 'share'), join(root, 'away'));
    await mkdir(join(root, 'share'));
    const offline = next(queue, 'offline');
    queue.resume();
    await offline;
    await new Promise(resolve => setTimeout(resolve, 60));
    expect(queue.state).toBe('offline');
    await rm(join(root, 'share'), { recursive: true });
    await rename(join(root, 'away'), join(root, 'share'));
    await queue.drain();
    expect(queue.statistics().delivered).toBe(1);
  });

  it.each([true, false])(
    'goes between the acceptance and its bookkeeping: the report is not sent a second time when the folder is back (keepCompleted: %s)',
    async keepCompleted => {
      const root = await temporaryFolder();
      const directory = join(root, 'pending');
      const accepted = deferred();
      const { submit, seen } = notingSubmitter(async () => {
        await rename(directory, join(root, 'away'));
        accepted.resolve();
        return { id: 'S' };
      });
      const queue = makeQueue(directory, { submitter: submit, probeIntervalMs: 20, keepCompleted });
      queue.on('error', () => undefined);
      await queue.start();
      await queue.enqueue({ n: 1 });
      await accepted.promise;
      await next(queue, 'offline');
      await rename(join(root, 'away'), directory);
      await queue.drain();
      expect(seen).toHaveLength(1);
      expect(await files(directory)).toEqual(keepCompleted ? [expect.stringMatching(/completed$/)] : []);
    },
  );

  it('goes and comes back while a report is on its way: it is not taken back and sent a second time', async () => {
    const root = await temporaryFolder();
    const directory = join(root, 'pending');
    const fs = new FaultyFileSystem();
    const queue: PendingQueue = makeQueue(directory, {
      fs,
      probeIntervalMs: 10,
      rescanIntervalMs: 10,
      submitter: async report => {
        seen.push(report);
        await rename(directory, join(root, 'away'));
        await next(queue, 'offline');
        fs.logging = true;
        await rename(join(root, 'away'), directory);
        const relocked = () => fs.log.some(({ path }) => path.endsWith('lock'));
        while (!relocked()) await new Promise(setImmediate);
        // Time enough to read the folder, which must not be done before this report is at its end.
        await new Promise(resolve => setTimeout(resolve, 50));
        return {};
      },
    });
    const seen: unknown[] = [];
    queue.on('error', () => undefined);
    await queue.start();
    await queue.enqueue({ n: 1 });
    await next(queue, 'online');
    await queue.drain();
    expect(seen).toHaveLength(1);
    expect(await files(directory)).toEqual([]);
    expect(queue.statistics()).toMatchObject({ delivered: 1, queued: 0, completed: 0, vanished: 0 });
  });
});

describe('a file operation that fails', () => {
  it.each(['EBUSY', 'EIO', 'EMFILE'])('with %s leaves the report in the queue, and it is sent later', async code => {
    const clock = new ManualClock();
    const fs = new FaultyFileSystem();
    const { submit, seen } = notingSubmitter();
    const queue = makeQueue(await temporaryFolder(), { submitter: submit, fs, clock });
    queue.on('error', () => undefined);
    await queue.start();
    queue.pause();
    await queue.enqueue({ n: 1 });
    fs.fail({ operation: 'readFile', path: /processing$/, code, times: 2 });
    queue.resume();
    while (queue.size > 0) await clock.advance(1_000);
    expect(seen).toMatchObject([{ attempt: 1 }]);
  });

  it('after it was done, as on a share that lost the answer, is seen as done', async () => {
    const directory = await temporaryFolder();
    const clock = new ManualClock();
    const fs = new FaultyFileSystem();
    const { submit, seen } = notingSubmitter();
    const queue = makeQueue(directory, { submitter: submit, fs, clock, keepCompleted: true });
    queue.on('error', () => undefined);
    await queue.start();
    queue.pause();
    await queue.enqueue({ n: 1 });
    fs.fail({ operation: 'rename', path: /processing$/, code: 'EIO', times: 1, afterwards: true });
    queue.resume();
    let drained = false;
    const done = queue.drain().then(() => {
      drained = true;
    });
    while (!drained) await clock.advance(1_000);
    await done;
    expect(seen).toHaveLength(1);
    expect(queue.statistics().vanished).toBe(0);
    expect(await files(directory)).toEqual([expect.stringMatching(/completed$/)]);
  });
});

describe('stop', () => {
  it('puts back what is being sent, and leaves no timer and no lock', async () => {
    const directory = await temporaryFolder();
    const clock = new ManualClock();
    const queue = makeQueue(directory, {
      clock,
      submitter: () => deferred<never>().promise,
      probeIntervalMs: NEVER_MS,
    });
    await queue.start();
    await queue.enqueue({ n: 1 }, { id: 'one' });
    while (!(await files(directory))[0]?.endsWith('.processing')) await new Promise(setImmediate);
    await queue.stop({ timeoutMs: 0 }).then(undefined, undefined);
    expect((await files(directory)).map(name => name.slice(21))).toEqual(['one.a0.json.queued']);
    expect(clock.timers).toBe(0);
    expect(queue.state).toBe('stopped');
  });
});

import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type MillraceError, SubmitError } from '../../../src/errors.js';
import type { SettledItem } from '../../../src/pending/types.js';
import { FaultyFileSystem } from '../../../src/testing/faulty-file-system.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { deferred, files, makeQueue, notingSubmitter, temporaryFolder } from './support.js';

interface Told {
  id: string;
  key: string;
  metadata: unknown;
  serverId?: string | undefined;
  error?: string;
}

function handler(act: () => Promise<void> = async () => undefined) {
  const told: Told[] = [];
  const note = ({ id, idempotencyKey, metadata }: SettledItem): Told => ({ id, key: idempotencyKey, metadata });
  return {
    told,
    delivered: async (item: SettledItem, { serverId }: { serverId?: string }) => {
      told.push({ ...note(item), serverId });
      await act();
    },
    refused: async (item: SettledItem, error: MillraceError) => {
      told.push({ ...note(item), error: `${error.code} ${error.message}` });
      await act();
    },
  };
}

describe('the settle handler', () => {
  it('is told of a delivery before the file is gone, with everything that was kept beside it', async () => {
    const directory = await temporaryFolder();
    const { submit } = notingSubmitter(() => ({ id: 'S1' }));
    const queue = makeQueue(directory, { submitter: submit });
    let present: string[] = [];
    const settle = handler(async () => {
      present = await files(directory);
    });
    queue.settle(settle);
    await queue.start();
    await queue.enqueue({ n: 1 }, { id: 'one', idempotencyKey: 'k1', metadata: { file: 'a.csv' } });
    await queue.drain();
    expect(settle.told).toEqual([{ id: 'one', key: 'k1', metadata: { file: 'a.csv' }, serverId: 'S1' }]);
    expect(present).toEqual([expect.stringMatching(/one\.a0\.unsettled\.json\.completed$/)]);
    expect((await readdir(directory)).filter(name => name !== 'lock')).toEqual([]);
  });

  it('is told of a refusal, and the file stays as .error', async () => {
    const directory = await temporaryFolder();
    const { submit } = notingSubmitter(() => Promise.reject(new SubmitError('bad', { kind: 'permanent' })));
    const queue = makeQueue(directory, { submitter: submit });
    const settle = handler();
    queue.settle(settle);
    await queue.start();
    await queue.enqueue({ n: 1 }, { id: 'one' });
    await queue.drain();
    expect(settle.told).toMatchObject([{ id: 'one', error: 'SUBMIT_REFUSED bad' }]);
    expect((await files(directory)).map(name => name.slice(21))).toEqual(['one.a1.json.error']);
  });

  it('is told again when it failed, and the report is not sent again', async () => {
    const clock = new ManualClock();
    const { submit, seen } = notingSubmitter(() => ({ id: 'S1' }));
    const queue = makeQueue(await temporaryFolder(), { submitter: submit, clock });
    let failures = 2;
    const settle = handler(async () => {
      if (failures-- > 0) throw new TypeError('ledger is busy');
    });
    queue.settle(settle);
    queue.on('error', () => undefined);
    await queue.start();
    await queue.enqueue({ n: 1 }, { id: 'one' });
    let drained = false;
    const done = queue.drain().then(() => {
      drained = true;
    });
    while (!drained) await clock.advance(500);
    await done;
    expect(settle.told).toHaveLength(3);
    expect(settle.told[2]).toMatchObject({ id: 'one', serverId: 'S1' });
    expect(seen).toHaveLength(1);
  });

  it('is told at the next start of what an earlier process had not settled', async () => {
    const directory = await temporaryFolder();
    const { submit } = notingSubmitter(report => {
      if ((report as { n: number }).n === 2) throw new SubmitError('bad', { kind: 'permanent', status: 422 });
      return { id: 'S1' };
    });
    const first = makeQueue(directory, { submitter: submit });
    const stuck = handler(() => deferred<never>().promise);
    first.settle(stuck);
    await first.start();
    await first.enqueue({ n: 1 }, { id: 'one', metadata: { a: 1 } });
    await first.enqueue({ n: 2 }, { id: 'two' });
    while (stuck.told.length < 2) await new Promise(setImmediate);
    await first.stop({ timeoutMs: 0 });
    expect((await files(directory)).map(name => name.slice(21)).sort()).toEqual([
      'one.a0.unsettled.json.completed',
      'two.a1.unsettled.json.error',
    ]);

    const second = makeQueue(directory, { submitter: submit });
    const settle = handler();
    second.settle(settle);
    await second.start();
    await second.drain();
    expect(settle.told.sort((a, b) => a.id.localeCompare(b.id))).toEqual([
      { id: 'one', key: 'one', metadata: { a: 1 }, serverId: 'S1' },
      { id: 'two', key: 'two', metadata: undefined, error: 'SUBMIT_REFUSED bad' },
    ]);
    expect((await readdir(directory)).filter(name => name !== 'lock').map(name => name.slice(21))).toEqual([
      'two.a1.json.error',
      'two.a1.json.error.json',
    ]);
  });

  it('finds what was left unsettled without the answer of the server, too', async () => {
    const directory = await temporaryFolder();
    await writeFile(join(directory, '20260213T143022.123Z-one.a0.unsettled.json.completed'), '{}');
    const queue = makeQueue(directory);
    await queue.start();
    expect(queue.statistics().completed).toBe(1);
    const settle = handler();
    queue.settle(settle);
    await queue.drain();
    expect(settle.told).toMatchObject([{ id: 'one', serverId: undefined }]);
    expect(() => queue.settle(settle)).toThrow(/already/);
  });

  it('is not told of what deliver handed over directly', async () => {
    const queue = makeQueue(await temporaryFolder());
    const settle = handler();
    queue.settle(settle);
    await queue.start();
    await queue.deliver({ n: 1 });
    expect(settle.told).toEqual([]);
  });
});

describe('bookkeeping after an acceptance', () => {
  it('is repeated until it succeeds, and the report is never sent again for it', async () => {
    const clock = new ManualClock();
    const directory = await temporaryFolder();
    const fs = new FaultyFileSystem();
    const { submit, seen } = notingSubmitter();
    const queue = makeQueue(directory, { submitter: submit, fs, clock });
    queue.on('error', () => undefined);
    await queue.start();
    fs.fail({ operation: 'unlink', path: /processing$/, code: 'EIO', times: 3 });
    await queue.enqueue({ n: 1 });
    let drained = false;
    const done = queue.drain().then(() => {
      drained = true;
    });
    while (!drained) await clock.advance(500);
    await done;
    expect(seen).toHaveLength(1);
    expect(await files(directory)).toEqual([]);
  });
});

import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { SubmitError } from '../../../src/errors.js';
import { FaultyFileSystem } from '../../../src/testing/faulty-file-system.js';
import { deferred, files, makeQueue, NEVER_MS, next, notingSubmitter, temporaryFolder } from './support.js';

const transient = () => new SubmitError('down', { kind: 'transient', status: 503 });
const slow = { baseDelayMs: NEVER_MS, maxDelayMs: NEVER_MS };

describe('deliver', () => {
  it('does not touch the disk while the server takes reports', async () => {
    const directory = await temporaryFolder();
    const fs = new FaultyFileSystem();
    const { submit, seen } = notingSubmitter(() => ({ id: 'S1', response: { ok: true } }));
    const queue = makeQueue(directory, { submitter: submit, fs });
    await queue.start();
    const submitted = next(queue, 'submitted');
    await new Promise(resolve => setTimeout(resolve, 20));
    fs.logging = true;
    const result = await queue.deliver({ n: 1 }, { id: 'one', idempotencyKey: 'k', correlationId: 'c' });
    expect(result).toEqual({ outcome: 'delivered', id: 'one', serverId: 'S1', response: { ok: true } });
    expect(fs.log).toEqual([]);
    expect(seen).toEqual([{ report: { n: 1 }, key: 'k', attempt: 1 }]);
    expect(await submitted).toMatchObject({ id: 'one', direct: true, correlationId: 'c' });
  });

  it('makes the report durable after a transient failure, with the attempt counted', async () => {
    const directory = await temporaryFolder();
    const queue = makeQueue(directory, { submitter: () => Promise.reject(transient()), retry: slow });
    await queue.start();
    expect(await queue.deliver({ n: 1 }, { id: 'one' })).toEqual({ outcome: 'queued', id: 'one', reason: 'down' });
    expect(await files(directory)).toEqual([expect.stringMatching(/-one\.a1\.json\.queued$/)]);
    expect(queue.find('one')).toMatchObject({ state: 'queued', attempts: 1 });
  });

  it('keeps a refused report as .error with the words of the server', async () => {
    const directory = await temporaryFolder();
    const refusal = new SubmitError('bad pn', { kind: 'permanent', status: 400, serverMessage: 'bad pn' });
    const queue = makeQueue(directory, { submitter: () => Promise.reject(refusal) });
    await queue.start();
    expect(await queue.deliver({ n: 1 }, { id: 'one' })).toEqual({ outcome: 'refused', id: 'one', error: refusal });
    const [name = ''] = await files(directory);
    expect(name).toMatch(/-one\.a1\.json\.error$/);
    expect(JSON.parse(await readFile(`${directory}/${name}.json`, 'utf8'))).toMatchObject({
      file: name,
      code: 'SUBMIT_REFUSED',
      kind: 'permanent',
      status: 400,
      serverMessage: 'bad pn',
    });
  });

  it('takes the place of a report that was refused under the same id', async () => {
    const directory = await temporaryFolder();
    let refuse = true;
    const queue = makeQueue(directory, {
      submitter: async () => {
        if (refuse) throw new SubmitError('no', { kind: 'permanent' });
        return {};
      },
    });
    await queue.start();
    await queue.deliver({ n: 1 }, { id: 'one' });
    await queue.deliver({ n: 2 }, { id: 'one' });
    expect(await files(directory)).toHaveLength(1);
    expect(JSON.parse(await readFile(queue.find('one')?.path ?? '', 'utf8'))).toEqual({ n: 2 });
    refuse = false;
    expect(await queue.deliver({ n: 3 }, { id: 'one' })).toMatchObject({ outcome: 'delivered' });
    expect((await readdir(directory)).filter(name => name !== 'lock')).toEqual([]);
  });

  it('goes to the disk while the queue is paused, and while others wait', async () => {
    const { submit, seen } = notingSubmitter();
    const queue = makeQueue(await temporaryFolder(), { submitter: submit });
    await queue.start();
    queue.pause();
    expect(queue.state).toBe('paused');
    expect(await queue.deliver({ n: 1 })).toMatchObject({ outcome: 'queued' });
    expect(seen).toEqual([]);
    queue.resume();
    await queue.drain();
    expect(await queue.deliver({ n: 2 })).toMatchObject({ outcome: 'delivered' });
  });

  it('waits its turn when every slot is taken, and stays off the disk', async () => {
    const directory = await temporaryFolder();
    const gate = deferred();
    const { submit } = notingSubmitter(() => gate.promise.then(() => ({})));
    const queue = makeQueue(directory, { submitter: submit, concurrency: 2 });
    await queue.start();
    const results = Promise.all(Array.from({ length: 6 }, (_, n) => queue.deliver({ n })));
    gate.resolve();
    expect((await results).map(({ outcome }) => outcome)).toEqual(Array(6).fill('delivered'));
    expect(queue.statistics().enqueued).toBe(0);
  });

  it('is durable when its signal aborts or the queue stops meanwhile, with no attempt counted', async () => {
    const directory = await temporaryFolder();
    const queue = makeQueue(directory, { submitter: () => deferred<never>().promise });
    await queue.start();
    const abort = new AbortController();
    const first = queue.deliver({ n: 1 }, { id: 'one', signal: abort.signal });
    const second = queue.deliver({ n: 2 }, { id: 'two' });
    abort.abort();
    expect(await first).toMatchObject({ outcome: 'queued', id: 'one' });
    await queue.stop({ timeoutMs: 0 });
    expect(await second).toMatchObject({ outcome: 'queued', id: 'two' });
    expect((await files(directory)).map(name => name.slice(21))).toEqual(['one.a0.json.queued', 'two.a0.json.queued']);
  });

  it('rejects when neither the server nor the disk takes the report', async () => {
    const fs = new FaultyFileSystem();
    const directory = await temporaryFolder();
    const queue = makeQueue(directory, { submitter: () => Promise.reject(transient()), fs, maxSize: 1, retry: slow });
    await queue.start();
    const fault = fs.fail({ operation: 'file.write', path: /millrace-tmp/, code: 'ENOSPC' });
    await expect(queue.deliver({ n: 1 })).rejects.toMatchObject({ code: 'DISK_FULL' });
    fault.remove();
    await queue.enqueue({ n: 2 });
    await expect(queue.deliver({ n: 3 })).rejects.toMatchObject({ code: 'QUEUE_FULL' });
  });

  it('hands the same report over once when it is asked to twice at the same time', async () => {
    const gate = deferred();
    const { submit, seen } = notingSubmitter(() => gate.promise.then(() => ({ id: 'S' })));
    const queue = makeQueue(await temporaryFolder(), { submitter: submit });
    await queue.start();
    const both = [queue.deliver({ n: 1 }, { id: 'one' }), queue.deliver({ n: 1 }, { id: 'one' })];
    gate.resolve();
    expect((await Promise.all(both)).map(({ outcome }) => outcome)).toEqual(['delivered', 'delivered']);
    expect(seen).toHaveLength(1);
  });

  it('says of a report that waits already that it is queued', async () => {
    const queue = makeQueue(await temporaryFolder());
    await queue.start();
    queue.pause();
    await queue.enqueue({ n: 1 }, { id: 'one' });
    expect(await queue.deliver({ n: 1 }, { id: 'one' })).toMatchObject({ outcome: 'queued', id: 'one' });
    expect(queue.size).toBe(1);
  });
});

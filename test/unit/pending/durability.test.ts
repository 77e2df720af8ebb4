import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, ServiceError, SubmitError } from '../../../src/errors.js';
import { FaultyFileSystem } from '../../../src/testing/faulty-file-system.js';
import { deferred, files, makeQueue, next, notingSubmitter, record, temporaryFolder } from './support.js';

describe('enqueue', () => {
  it('has the report on the disk, synced, when it resolves', async () => {
    const directory = await temporaryFolder();
    const fs = new FaultyFileSystem();
    const queue = makeQueue(directory, { fs });
    await queue.start();
    queue.pause();
    fs.logging = true;
    const { id, path } = await queue.enqueue({ pn: 'P1' });
    const steps = fs.log.map(({ operation }) => operation).filter(op => !['statfs', 'readdir', 'stat'].includes(op));
    expect(steps).toEqual([
      'open',
      'file.write',
      'file.datasync',
      'file.close',
      'rename',
      'open',
      'file.sync',
      'file.close',
    ]);
    expect(await files(directory)).toEqual([path.slice(directory.length + 1)]);
    expect(path).toMatch(/[/\\]\d{8}T\d{6}\.\d{3}Z-[0-9a-f-]{36}\.a0\.json\.queued$/);
    expect(path).toContain(id);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ pn: 'P1' });
  });

  it('shares folder fsyncs between reports that are enqueued together', async () => {
    const directory = await temporaryFolder();
    const fs = new FaultyFileSystem();
    const queue = makeQueue(directory, { fs });
    await queue.start();
    queue.pause();
    fs.logging = true;
    await Promise.all(Array.from({ length: 100 }, (_, n) => queue.enqueue({ n })));
    const syncs = fs.log.filter(({ operation }) => operation === 'file.sync').length;
    expect(syncs).toBeGreaterThan(0);
    expect(syncs).toBeLessThan(60);
  });

  it('leaves nothing behind when the disk fails, and says so', async () => {
    const directory = await temporaryFolder();
    const fs = new FaultyFileSystem();
    const queue = makeQueue(directory, { fs });
    await queue.start();
    queue.pause();
    for (const operation of ['open', 'file.write', 'file.datasync', 'rename', 'file.sync'] as const) {
      const fault = fs.fail({ operation, path: path => path.startsWith(directory), code: 'EIO', times: 1 });
      await expect(queue.enqueue({ operation }, { metadata: { a: 1 } })).rejects.toMatchObject({
        code: 'FILE_OPERATION',
      });
      fault.remove();
      expect((await readdir(directory)).filter(name => name !== 'lock')).toEqual([]);
    }
    expect(queue.size).toBe(0);
  });

  it('turns away what is no JSON, a bad id, key or priority, and any report before start and after stop', async () => {
    const queue = makeQueue(await temporaryFolder());
    await expect(queue.enqueue({})).rejects.toBeInstanceOf(ServiceError);
    await queue.start();
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    await expect(queue.enqueue(cycle)).rejects.toThrow(/JSON/);
    await expect(queue.enqueue(undefined)).rejects.toThrow(/JSON/);
    await expect(queue.enqueue({}, { id: '../x' })).rejects.toBeInstanceOf(ConfigError);
    await expect(queue.enqueue({}, { idempotencyKey: 'a\nb' })).rejects.toBeInstanceOf(ConfigError);
    await expect(queue.enqueue({}, { priority: 11 })).rejects.toBeInstanceOf(ConfigError);
    await queue.stop();
    await expect(queue.enqueue({})).rejects.toMatchObject({ code: 'QUEUE_CLOSED' });
    await expect(queue.start()).rejects.toMatchObject({ code: 'QUEUE_CLOSED' });
  });

  it('writes no sidecar for a correlation id alone: it is told until a restart, and the id after that', async () => {
    const directory = await temporaryFolder();
    const first = makeQueue(directory);
    const enqueued = next(first, 'enqueued');
    await first.start();
    first.pause();
    await first.enqueue({ n: 1 }, { id: 'r-1', correlationId: 'c-1' });
    expect((await enqueued).correlationId).toBe('c-1');
    expect((await readdir(directory)).sort()).toEqual([expect.stringMatching(/r-1\.a0\.json\.queued$/), 'lock']);
    await first.stop();

    let tries = 0;
    const second = makeQueue(directory, {
      submitter: async () => {
        if (++tries === 2) throw new TypeError('down');
        return {};
      },
    });
    const events = record(second, 'submitted', 'retrying');
    await second.start();
    await second.drain();
    await second.enqueue({ n: 2 }, { id: 'r-2', correlationId: 'c-2' });
    await second.drain();
    expect(events.map(({ payload }) => (payload as { correlationId: string }).correlationId)).toEqual([
      'r-1',
      'c-2',
      'c-2',
    ]);
  });

  it('keeps key, correlation id and metadata beside the report, through a restart', async () => {
    const directory = await temporaryFolder();
    const first = makeQueue(directory);
    await first.start();
    first.pause();
    await first.enqueue(
      { n: 1 },
      { id: 'r-1', idempotencyKey: 'key', correlationId: 'c-1', metadata: { file: 'a.csv' } },
    );
    await first.enqueue({ n: 2 }, { id: 'r-2' });
    expect((await readdir(directory)).filter(name => name.endsWith('.meta.json'))).toHaveLength(1);
    await first.stop();

    const { submit, seen } = notingSubmitter();
    const second = makeQueue(directory, { submitter: submit });
    const submitted = record(second, 'submitted');
    await second.start();
    await second.drain();
    expect(seen.map(({ key }) => key)).toEqual(['key', 'r-2']);
    expect(submitted.map(({ payload }) => (payload as { correlationId: string }).correlationId)).toEqual([
      'c-1',
      'r-2',
    ]);
    expect(await readdir(directory)).toEqual(['lock']);
  });

  it('takes the same content once while it waits, also after a restart', async () => {
    const directory = await temporaryFolder();
    const first = makeQueue(directory);
    await first.start();
    first.pause();
    const [a, b] = await Promise.all([first.enqueue({ n: 1 }), first.enqueue({ n: 1 })]);
    const c = await first.enqueue({ n: 1 });
    expect([a.duplicate, b.duplicate, c.duplicate]).toEqual([false, true, true]);
    expect(new Set([a.id, b.id, c.id]).size).toBe(1);
    await first.stop();
    const second = makeQueue(directory, { submitter: () => deferred<never>().promise });
    await second.start();
    expect(await second.enqueue({ n: 1 })).toMatchObject({ id: a.id, duplicate: true });
    expect((await second.enqueue({ n: 2 })).duplicate).toBe(false);
    expect(second.size).toBe(2);
    expect(second.statistics().duplicates).toBe(1);
  });

  it('takes the same content again once it was delivered, and always when dedupe is off or the caller names it', async () => {
    const queue = makeQueue(await temporaryFolder());
    await queue.start();
    await queue.enqueue({ n: 1 });
    await queue.drain();
    expect((await queue.enqueue({ n: 1 })).duplicate).toBe(false);
    await queue.drain();
    queue.pause();
    await queue.enqueue({ n: 2 }, { id: 'x' });
    expect((await queue.enqueue({ n: 2 }, { id: 'y' })).duplicate).toBe(false);
    expect((await queue.enqueue({ n: 3 }, { id: 'y' })).duplicate).toBe(true);
    const loose = makeQueue(await temporaryFolder(), { dedupe: false });
    await loose.start();
    loose.pause();
    await loose.enqueue({ n: 1 });
    expect((await loose.enqueue({ n: 1 })).duplicate).toBe(false);
  });
});

describe('a start', () => {
  it('is the same for everyone who calls it, and refuses a second owner', async () => {
    const directory = await temporaryFolder();
    const queue = makeQueue(directory);
    const starts = [queue.start(), queue.start()];
    await Promise.all(starts);
    expect(queue.state).toBe('running');
    const other = makeQueue(directory);
    await expect(other.start()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await queue.stop();
    await other.start();
    expect(other.state).toBe('running');
  });

  it('takes back what was being processed, sweeps litter, and keeps attempts and priority', async () => {
    const directory = await temporaryFolder();
    const stamp = '20260213T143022.123Z';
    await writeFile(join(directory, `${stamp}-one.a3.json.processing`), '{"n":1}');
    await writeFile(join(directory, `${stamp}-two.p9.a0.json.queued`), '{"n":2}');
    await writeFile(join(directory, `${stamp}-gone.meta.json`), '{}');
    await writeFile(join(directory, `${stamp}-gone.a0.json.error.json`), '{}');
    await writeFile(join(directory, '.1-2.millrace-tmp'), 'half');
    const { submit, seen } = notingSubmitter();
    const queue = makeQueue(directory, { submitter: submit, concurrency: 1 });
    const recovered = next(queue, 'recovered');
    await queue.start();
    expect(await recovered).toMatchObject({ queued: 2, takenBack: 1 });
    await queue.drain();
    expect(seen).toEqual([
      { report: { n: 2 }, key: 'two', attempt: 1 },
      { report: { n: 1 }, key: 'one', attempt: 4 },
    ]);
    expect(await readdir(directory)).toEqual(['lock']);
  });

  it('sets the older of two files with one id aside instead of losing one', async () => {
    const directory = await temporaryFolder();
    await writeFile(join(directory, '20260213T143022.123Z-x.a0.json.queued'), '{"n":1}');
    await writeFile(join(directory, '20260213T143023.123Z-x.a0.json.queued'), '{"n":2}');
    const { submit, seen } = notingSubmitter();
    const queue = makeQueue(directory, { submitter: submit });
    await queue.start();
    await queue.drain();
    expect(seen.map(({ report }) => report)).toEqual([{ n: 2 }]);
    expect(await readdir(directory)).toContain('20260213T143022.123Z-x.a0.json.queued.superseded');
  });
});

describe('damaged files', () => {
  it.each([
    ['empty', ''],
    ['malformed', '{nonsense'],
    ['truncated', '{"pn":"P1","steps":[{"na'],
  ])('go to .error with an explanation when %s, and the rest goes on', async (_, content) => {
    const directory = await temporaryFolder();
    await writeFile(join(directory, '20260213T143022.123Z-bad.a0.json.queued'), content);
    await writeFile(join(directory, '20260213T143023.123Z-good.a0.json.queued'), '{"n":1}');
    const { submit, seen } = notingSubmitter();
    const queue = makeQueue(directory, { submitter: submit });
    const events = record(queue, 'corrupted', 'failed');
    await queue.start();
    await queue.drain();
    expect(seen.map(({ key }) => key)).toEqual(['good']);
    expect(events.map(({ event }) => event)).toEqual(['corrupted', 'failed']);
    const [name = ''] = await files(directory);
    expect(name).toBe('20260213T143022.123Z-bad.a0.json.error');
    const explanation = JSON.parse(await readFile(join(directory, `${name}.json`), 'utf8'));
    expect(explanation).toMatchObject({
      file: name,
      errorType: 'QueueCorruptedError',
      code: 'QUEUE_CORRUPTED',
      attempts: 0,
      correlationId: 'bad',
    });
    expect(explanation.hints.length).toBeGreaterThan(0);
    expect(Date.parse(explanation.timestamp)).toBeGreaterThan(0);
    expect(await readFile(join(directory, name), 'utf8')).toBe(content);
  });

  it('go to .error with an explanation when they may not be read, and the rest goes on', async () => {
    const directory = await temporaryFolder();
    const fs = new FaultyFileSystem();
    fs.fail({ operation: 'readFile', path: /-locked\..*processing$/, code: 'EACCES' });
    await writeFile(join(directory, '20260213T143022.123Z-locked.a2.json.queued'), '{"n":1}');
    await writeFile(join(directory, '20260213T143023.123Z-good.a0.json.queued'), '{"n":2}');
    const { submit, seen } = notingSubmitter();
    const queue = makeQueue(directory, { fs, submitter: submit });
    const events = record(queue, 'corrupted', 'failed', 'error');
    await queue.start();
    await queue.drain();
    expect(seen).toEqual([{ report: { n: 2 }, key: 'good', attempt: 1 }]);
    // Each failure is told, and the last of four gives the report up.
    expect(events.map(({ event }) => event)).toEqual(['error', 'error', 'error', 'corrupted', 'failed']);
    const name = '20260213T143022.123Z-locked.a2.json.error';
    expect(await files(directory)).toEqual([name]);
    expect(JSON.parse(await readFile(join(directory, `${name}.json`), 'utf8'))).toMatchObject({
      file: name,
      code: 'QUEUE_CORRUPTED',
      message: expect.stringMatching(/locked.*cannot be read: EACCES/),
      attempts: 2,
      hints: [expect.stringContaining('right to read')],
    });
    // Mended, it goes where it was to go.
    fs.heal();
    expect(await queue.retryFailed({ ids: ['locked'] })).toBe(1);
    await queue.drain();
    expect(seen[1]).toEqual({ report: { n: 1 }, key: 'locked', attempt: 1 });
  });

  it('are sent when they may be read a moment later', async () => {
    const directory = await temporaryFolder();
    const fs = new FaultyFileSystem();
    fs.fail({ operation: 'readFile', path: /-locked\..*processing$/, code: 'EPERM', times: 2 });
    await writeFile(join(directory, '20260213T143022.123Z-locked.a2.json.queued'), '{"n":1}');
    const { submit, seen } = notingSubmitter();
    const queue = makeQueue(directory, { fs, submitter: submit });
    const events = record(queue, 'corrupted', 'failed', 'error');
    await queue.start();
    await queue.drain();
    expect(seen).toEqual([{ report: { n: 1 }, key: 'locked', attempt: 3 }]);
    expect(events.map(({ event }) => event)).toEqual(['error', 'error']);
    expect(await files(directory)).toEqual([]);
  });

  it('are never sent under another key when the sidecar with theirs is damaged', async () => {
    const directory = await temporaryFolder();
    await writeFile(join(directory, '20260213T143022.123Z-x.a0.json.queued'), '{}');
    await writeFile(join(directory, '20260213T143022.123Z-x.meta.json'), '{"idempo');
    const { submit, seen } = notingSubmitter();
    const queue = makeQueue(directory, { submitter: submit });
    await queue.start();
    await queue.drain();
    expect(seen).toEqual([]);
    expect(queue.find('x')?.state).toBe('error');
  });

  it('that vanish are told by name and counted', async () => {
    const directory = await temporaryFolder();
    const queue = makeQueue(directory);
    await queue.start();
    queue.pause();
    const { path } = await queue.enqueue({ n: 1 });
    await queue.enqueue({ n: 2 });
    await rm(path);
    const vanished = next(queue, 'vanished');
    queue.resume();
    expect(await vanished).toMatchObject({ path });
    await queue.drain();
    expect(queue.statistics()).toMatchObject({ vanished: 1, delivered: 1, queued: 0 });
  });
});

describe('files that somebody puts into the folder', () => {
  it('are taken, at the start and later, and a second copy is a duplicate', async () => {
    const directory = await temporaryFolder();
    await writeFile(join(directory, 'by hand.json.queued'), '{"n":1}');
    const { submit, seen } = notingSubmitter();
    const queue = makeQueue(directory, { submitter: submit, rescanIntervalMs: 20 });
    queue.pause();
    await queue.start();
    await next(queue, 'enqueued');
    await writeFile(join(directory, 'copy.json.queued'), '{"n":1}');
    await writeFile(join(directory, 'later.json.queued'), '{"n":2}');
    await next(queue, 'enqueued');
    while (queue.statistics().duplicates < 1) await new Promise(setImmediate);
    queue.resume();
    await queue.drain();
    expect(seen.map(({ report }) => report)).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await files(directory)).toEqual([]);
  });

  it('have time to become whole, and go to .error when they do not', async () => {
    const directory = await temporaryFolder();
    const { submit, seen } = notingSubmitter();
    const fs = new FaultyFileSystem();
    const queue = makeQueue(directory, { submitter: submit, rescanIntervalMs: 20, fs });
    await queue.start();
    fs.logging = true;
    await writeFile(join(directory, 'slow.json.queued'), '{"n":');
    while (!fs.log.some(({ operation, path }) => operation === 'readFile' && path.endsWith('slow.json.queued'))) {
      await new Promise(setImmediate);
    }
    await writeFile(join(directory, 'slow.json.queued'), '{"n":1}');
    await next(queue, 'submitted');
    expect(seen.map(({ report }) => report)).toEqual([{ n: 1 }]);
    await writeFile(join(directory, 'never.json.queued'), '{"n":');
    const { error, path } = await next(queue, 'failed');
    expect(error.message).toContain("'never.json.queued'");
    expect(path).toContain(directory);
    await queue.drain();
    expect(queue.statistics()).toMatchObject({ error: 1, corrupted: 1 });
  });

  it('are each looked at on their own: one that cannot be had does not hold up the others', async () => {
    const directory = await temporaryFolder();
    const fs = new FaultyFileSystem();
    const { submit, seen } = notingSubmitter();
    const queue = makeQueue(directory, { submitter: submit, rescanIntervalMs: 20, fs });
    await queue.start();
    const errors = record(queue, 'error');
    fs.fail({ operation: 'rename', path: /[ac]\.json\.queued$/, code: 'EIO' });
    for (const name of ['a', 'b', 'c']) await writeFile(join(directory, `${name}.json.queued`), `{"n":"${name}"}`);
    await next(queue, 'submitted');
    expect(seen.map(({ report }) => report)).toEqual([{ n: 'b' }]);
    while (errors.length === 0) await next(queue, 'error');
    expect(errors[0]?.payload).toMatchObject({ path: expect.stringMatching(/[ac]\.json\.queued$/) });
    fs.heal();
    await next(queue, 'submitted');
    await next(queue, 'idle');
    while (seen.length < 3) await next(queue, 'submitted');
    expect(seen.map(({ report }) => (report as { n: string }).n).sort()).toEqual(['a', 'b', 'c']);
  });

  it('are all kept when they cannot be read', async () => {
    const directory = await temporaryFolder();
    const fs = new FaultyFileSystem();
    fs.fail({ operation: 'readFile', path: /[ab]\.json\.queued$/, code: 'EACCES' });
    for (const name of ['a', 'b']) await writeFile(join(directory, `${name}.json.queued`), name);
    const queue = makeQueue(directory, { rescanIntervalMs: 10, fs });
    const failed = record(queue, 'failed');
    await queue.start();
    while (failed.length < 2) await next(queue, 'failed');
    const kept = await files(directory);
    const contents = await Promise.all(kept.map(name => readFile(join(directory, name), 'utf8')));
    expect(contents.sort()).toEqual(['a', 'b']);
  });

  it('and are none of ours are left alone, whatever they are called', async () => {
    const directory = await temporaryFolder();
    const foreign = ['notes.meta.json', 'x.result.json', 'x.error.json', '20260213T143022.123Z.meta.json'];
    for (const name of foreign) await writeFile(join(directory, name), 'mine');
    const orphan = '20260213T143022.123Z-gone.meta.json';
    await writeFile(join(directory, orphan), '{}');
    const queue = makeQueue(directory);
    await queue.start();
    expect((await readdir(directory)).sort()).toEqual([...foreign, 'lock'].sort());
  });

  it('include a mended .error file that was renamed to .queued', async () => {
    const directory = await temporaryFolder();
    await writeFile(join(directory, '20260213T143022.123Z-bad.a0.json.queued'), '{"n":');
    const { submit, seen } = notingSubmitter();
    const queue = makeQueue(directory, { submitter: submit, rescanIntervalMs: 20 });
    await queue.start();
    await queue.drain();
    const path = queue.find('bad')?.path ?? '';
    await writeFile(path, '{"n":1}');
    await rename(path, path.replace(/\.error$/, '.queued'));
    await next(queue, 'submitted');
    await queue.drain();
    expect(seen).toMatchObject([{ report: { n: 1 }, key: 'bad' }]);
    expect((await readdir(directory)).filter(name => name !== 'lock')).toEqual([]);
  });

  it('are found when they are ours and were renamed under us', async () => {
    const directory = await temporaryFolder();
    const { submit, seen } = notingSubmitter();
    const queue = makeQueue(directory, { submitter: submit, rescanIntervalMs: 20 });
    await queue.start();
    queue.pause();
    const { path, id } = await queue.enqueue({ n: 1 });
    await rename(path, join(directory, '20260213T143022.123Z-renamed.a0.json.queued'));
    queue.resume();
    expect((await next(queue, 'vanished')).id).toBe(id);
    await next(queue, 'submitted');
    expect(seen).toMatchObject([{ report: { n: 1 }, key: 'renamed' }]);
  });
});

describe('the states of a report', () => {
  it('are in its file name: processing while it is sent, error when refused, completed when kept', async () => {
    const directory = await temporaryFolder();
    const gate = deferred();
    const queue = makeQueue(directory, {
      keepCompleted: true,
      submitter: async report => {
        await gate.promise;
        if ((report as { n: number }).n === 2) throw new SubmitError('no', { kind: 'permanent', status: 400 });
        return { id: '1' };
      },
    });
    await queue.start();
    await queue.enqueue({ n: 1 }, { id: 'one' });
    await queue.enqueue({ n: 2 }, { id: 'two', priority: 7 });
    while ((await files(directory)).some(name => name.endsWith('.queued'))) await new Promise(setImmediate);
    expect((await files(directory)).map(name => name.slice(21))).toEqual([
      'one.a0.json.processing',
      'two.p7.a0.json.processing',
    ]);
    gate.resolve();
    await queue.drain();
    expect((await files(directory)).map(name => name.slice(21))).toEqual([
      'one.a0.json.completed',
      'two.p7.a1.json.error',
    ]);
    expect(queue.find('two')).toMatchObject({ state: 'error', attempts: 1, priority: 7 });
  });
});

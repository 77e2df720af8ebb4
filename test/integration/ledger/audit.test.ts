/** Each kind of difference is made by hand, and must be named with what to do about it. */
import { mkdir, readdir, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Audit, type AuditDifference, PendingQueue, SubmitError } from 'millrace';
import { FaultyFileSystem } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { temporaryFolders } from '../../support/temp-folder.js';
import { LineConverter, Station } from './support.js';

const tempFolder = temporaryFolders();
const station = async (): Promise<Station> => new Station(join(await tempFolder(), 'station'));
const deaf = () => ({ ready: Promise.resolve(), close: async () => undefined });
const PATIENCE = { timeout: 30_000, interval: 10 };

/** The differences of one kind, each with a message and a hint. */
function named(audit: Audit, kind: AuditDifference['kind']): (string | undefined)[] {
  for (const { message, hint } of audit.differences) expect([message, hint]).not.toContain('');
  expect(new Set(audit.differences.map(difference => difference.kind))).toEqual(new Set([kind]));
  return audit.differences.map(({ path }) => path);
}

/** A queue whose server does not answer, and which tries again all the time. */
function offlineQueue(one: Station): PendingQueue {
  return new PendingQueue({
    directory: join(one.root, 'pending'),
    submitter: () => Promise.reject(new SubmitError('no server', { kind: 'transient' })),
    minFreeBytes: 0,
    retry: { baseDelayMs: 20, maxDelayMs: 20, budgetPerMinute: 1_000_000 },
    breaker: { failureThreshold: 1_000_000 },
  });
}

describe('audit()', () => {
  it('finds nothing where everything is in order, and the totals balance', async () => {
    const one = await station();
    const pool = await one.open();
    await one.drop('a.csv', 'a\nb');
    await one.drop('b.csv', 'bad');
    await one.drop('c.csv', 'nothing');
    await one.drop('ignored.txt', 'x');
    await pool.idle();
    expect(await pool.audit()).toEqual({
      differences: [],
      totals: {
        files: { completed: 1, failed: 1, skipped: 1 },
        seen: 3,
        reports: 2,
        pending: 0,
        pendingOthers: 0,
        withoutConverter: 0,
      },
    });
  });

  it('names a file that nobody has seen, a finished source that was removed, and a stranger in the error folder', async () => {
    const one = await station();
    const pool = await one.open({ startWatch: deaf });
    await one.drop('a.csv', 'a');
    await one.drop('b.csv', 'bad');
    await pool.idle();

    const unseen = await one.drop('new.csv', 'new');
    expect(named(await pool.audit(), 'unseen-file')).toEqual([unseen]);
    await pool.idle();
    expect((await pool.audit()).differences).toEqual([]);

    await writeFile(one.at('Error', 'theirs.csv'), 'x');
    expect(named(await pool.audit(), 'unknown-target')).toEqual([one.at('Error', 'theirs.csv')]);
    await unlink(one.at('Error', 'theirs.csv'));

    await unlink(one.at('Done', 'a.csv'));
    await unlink(one.at('Error', 'b.csv'));
    const missing = await pool.audit();
    expect(named(missing, 'missing-target')).toEqual([one.at('Done', 'a.csv'), one.at('Error', 'b.csv')]);
    const [delivered, failed] = missing.differences;
    expect(delivered?.hint).toContain('Nothing is lost');
    expect(failed?.hint).not.toContain('Nothing is lost');
  });

  it('names a file whose converter is gone, and its source that was never cleaned up', async () => {
    const one = await station();
    const first = await one.open({ converter: { retryDelayMs: 3_600_000 } });
    await one.drop('a.csv', 'later');
    await expect
      .poll(() => first.items({ state: 'suspended' }), PATIENCE)
      .toMatchObject({ items: [{ cleanup: null }] });
    await first.stop();
    one.converter = new LineConverter({ name: 'another' });
    const second = await one.open();
    expect(named(await second.audit(), 'without-converter')).toEqual([one.at('a.csv')]);
  });

  it('names a source that could not be cleaned up and that nobody tries again', async () => {
    const one = await station();
    const first = await one.open();
    // A file where the folder should be.
    await rm(one.at('Done', '.'), { recursive: true, force: true });
    await writeFile(join(one.root, 'Done'), '');
    await one.drop('a.csv', 'a');
    await expect
      .poll(() => first.items({ state: 'cleaning' }), PATIENCE)
      .toMatchObject({ items: [{ cleanup: 'move' }] });
    expect(await first.explain(one.at('a.csv'))).toContain("'move' has not succeeded yet and is retried");
    await first.stop();
    one.converter = new LineConverter({ name: 'another' });
    const second = await one.open({ converter: { doneFolder: join(one.root, 'Done2') } });
    expect(named(await second.audit(), 'unfinished-cleanup')).toEqual([one.at('a.csv')]);
    await second.stop();
    // Its converter comes back, and the folder: it is cleaned up and not delivered again.
    await unlink(join(one.root, 'Done'));
    one.converter = new LineConverter();
    const third = await one.open();
    await third.idle();
    expect((await third.audit()).differences).toEqual([]);
    expect([one.lines, await one.names('Done')]).toEqual([['a'], ['a.csv']]);
  });

  it('names a report that somebody took out of the pending folder', async () => {
    const one = await station();
    const pending = offlineQueue(one);
    const pool = await one.open({ pending });
    const cleaned = new Promise<void>(resolve => {
      let count = 0;
      pool.on('cleaned', () => ++count === 2 && resolve());
    });
    await one.drop('a.csv', 'a');
    await one.drop('b.csv', 'b');
    await cleaned;
    expect(await pool.audit()).toMatchObject({ differences: [], totals: { pending: 2, files: { delivering: 2 } } });
    // Nothing is sent now, so that the queue itself does not notice.
    pending.pause();
    const [queued = ''] = (await readdir(join(one.root, 'pending'))).filter(name => name.endsWith('.queued'));
    await rename(join(one.root, 'pending', queued), join(one.root, 'taken.json'));
    const audit = await pool.audit();
    named(audit, 'missing-report');
    expect(audit.differences).toHaveLength(1);
    expect(queued).toContain(audit.differences[0]?.id);
  });

  it('names strangers in the done and pending folders, but not what lay there before, and not more than one reads', async () => {
    const one = await station();
    for (const folder of ['Done', 'Pending']) await mkdir(join(one.root, folder), { recursive: true });
    await writeFile(one.at('Done', 'from-before.csv'), 'x');
    // What was written at the moment when the ledger was made may be from before.
    const { ctimeMs } = await stat(one.at('Done', 'from-before.csv'));
    await expect.poll(() => Date.now(), PATIENCE).toBeGreaterThan(ctimeMs + 1);
    const pool = await one.open({ startWatch: deaf, converter: { postProcess: 'zip' } });
    await one.drop('a.csv', 'a');
    await one.drop('b.csv', 'b');
    await pool.idle();
    expect((await pool.audit()).differences).toEqual([]);

    const strangers = [one.at('Done', 'theirs.csv'), one.at('Pending', 'sub', 'theirs.csv')];
    await mkdir(one.at('Pending', 'sub'));
    for (const path of strangers) await writeFile(path, 'x');
    expect(named(await pool.audit(), 'unknown-target').sort()).toEqual(strangers);
    for (const path of strangers) await unlink(path);
    expect((await pool.audit()).differences).toEqual([]);

    await Promise.all(Array.from({ length: 150 }, (_, index) => writeFile(one.at('Done', `s${index}.csv`), 'x')));
    const many = await pool.audit();
    expect(named(many, 'unknown-target')).toHaveLength(101);
    expect(many.differences.at(-1)).toMatchObject({ path: join(one.root, 'Done') });
    expect(many.differences.at(-1)?.message).toContain('More than 100 files');
  });

  it('knows nothing to say against a done file whose row was compacted away', async () => {
    const one = await station();
    const first = await one.open();
    await one.drop('a.csv', 'a');
    await first.idle();
    await first.stop();
    const second = await one.open({ ledger: { keepDays: 365, maxRows: 0 } });
    await expect.poll(async () => (await second.items()).items, PATIENCE).toEqual([]);
    expect(await second.audit()).toMatchObject({ differences: [], totals: { seen: 1, files: { completed: 1 } } });
    expect(await one.names('Done')).toEqual(['a.csv']);
  });

  it('names a file that waited in a folder which nobody watches any more, and was removed there', async () => {
    const one = await station();
    const first = await one.open();
    first.pause();
    await one.drop('a.csv', 'a');
    await expect.poll(() => first.items({ state: 'queued' }), PATIENCE).toMatchObject({ items: [{ path: 'a.csv' }] });
    await first.stop();
    await unlink(one.at('a.csv'));
    const second = await one.open({ converter: { watchFolder: join(one.root, 'watch2') } });
    await second.idle();
    expect(named(await second.audit(), 'missing-source')).toEqual([one.at('a.csv')]);
    // It is dropped again where it is looked for.
    await second.stop();
    const third = await one.open();
    await one.drop('a.csv', 'a');
    await third.idle();
    expect((await third.audit()).differences).toEqual([]);
    expect(one.lines).toEqual(['a']);
  });

  it('names a report that was given up while the ledger could not be written, until it can', async () => {
    const one = await station();
    const fs = new FaultyFileSystem();
    let refuse = false;
    const pending = new PendingQueue({
      directory: join(one.root, 'pending'),
      submitter: () => Promise.reject(new SubmitError('no', { kind: refuse ? 'permanent' : 'transient' })),
      minFreeBytes: 0,
      retry: { baseDelayMs: 20, maxDelayMs: 20, budgetPerMinute: 1_000_000 },
      breaker: { failureThreshold: 1_000_000 },
    });
    const pool = await one.open({ pending, fs });
    await one.drop('a.csv', 'a');
    await expect
      .poll(() => pool.items({ state: 'delivering' }), PATIENCE)
      .toMatchObject({ items: [{ cleanup: null }] });
    fs.fail({ operation: 'file.write', path: /ledger\.journal/, code: 'EIO' });
    refuse = true;
    await expect.poll(() => pending.list().items, PATIENCE).toMatchObject([{ state: 'error' }]);
    const audit = await pool.audit();
    named(audit, 'unsettled-report');
    expect(audit.differences).toMatchObject([{ id: pending.list().items[0]?.id }]);
    fs.heal();
    await expect
      .poll(() => pool.audit(), PATIENCE)
      .toMatchObject({ differences: [], totals: { files: { failed: 1 } } });
  });

  it('counts the reports in its queue that others put there, and names those that were given up', async () => {
    const one = await station();
    const pending = offlineQueue(one);
    const pool = await one.open({ pending });
    await one.drop('a.csv', 'a');
    await expect
      .poll(() => pool.items({ state: 'delivering' }), PATIENCE)
      .toMatchObject({ items: [{ cleanup: null }] });
    const { id } = await pending.enqueue({ line: 'by the host' });
    expect(await pool.audit()).toMatchObject({ differences: [], totals: { pending: 2, pendingOthers: 1, reports: 1 } });
    await pool.stop();

    const refusing = new PendingQueue({
      directory: join(one.root, 'pending'),
      submitter: report =>
        (report as { line: string }).line === 'a'
          ? Promise.resolve({})
          : Promise.reject(new SubmitError('no', { kind: 'permanent' })),
      minFreeBytes: 0,
    });
    const again = await one.open({ pending: refusing });
    await again.idle();
    await expect.poll(() => refusing.find(id), PATIENCE).toMatchObject({ state: 'error' });
    const audit = await again.audit();
    named(audit, 'unknown-report');
    expect(audit).toMatchObject({ differences: [{ id }], totals: { pendingOthers: 0 } });
  });
});

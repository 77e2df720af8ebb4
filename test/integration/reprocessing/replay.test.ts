import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import { RetentionEngine } from '../../../src/archive/retention/retention-engine.js';
import { PendingQueue } from '../../../src/pending/index.js';
import type { SubmitContext } from '../../../src/submit/index.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { Measurement, newArchive, newEngine, put, START, temporaryFolder } from './support.js';

describe('a replay', () => {
  it('converts again and sends nothing', async () => {
    const archive = await newArchive();
    const [id = ''] = await put(archive, ['S1;4']);
    const replayed = await newEngine(archive).reprocessSingle(id);
    expect(replayed).toMatchObject({ archiveId: id, status: 'success', version: '1.0.0', submitted: [] });
    expect(replayed.reports).toMatchObject([{ sn: 'S1', result: 'P' }]);
    await expect(newEngine(archive).reprocessSingle(id, { submit: true })).rejects.toThrow(/needs a pending queue/);
    await expect(newEngine(archive).reprocessSingle('nothing')).rejects.toMatchObject({ code: 'ARCHIVE_UNKNOWN' });
  });

  it('goes through a range, and one that fails does not stop it', async () => {
    const archive = await newArchive();
    const ids = await put(archive, ['S0;1', 'S1;4', 'S2;x', 'S3;skip', 'S4;9', 'S5;2']);
    const retention = new RetentionEngine({ archive, gracePeriodMs: 0 });
    await retention.purge([ids[1] as string]);
    const progress: number[] = [];
    const converted: unknown[] = [];
    const result = await newEngine(archive).reprocessRange({
      converterName: 'measurement',
      from: new Date(START + 60_000),
      to: new Date(START + 5 * 60_000),
      concurrency: 3,
      onProgress: one => {
        progress.push(one.processed);
        expect(one.total).toBe(4);
        expect(one.perSecond).toBeGreaterThan(0);
        expect(one.remainingMs).toBeGreaterThanOrEqual(0);
      },
      onConverted: one => void converted.push(one.status),
    });
    expect(result).toMatchObject({ total: 4, processed: 4, successful: 1, failed: 1, skipped: 2, complete: true });
    expect(result.errors).toEqual([{ archiveId: ids[2], message: "'x' is no number" }]);
    expect(result.notConverted).toEqual([{ archiveId: ids[3], message: 'skipped: nothing in it' }]);
    expect(result.purged).toEqual([ids[1]]);
    expect(progress).toEqual([1, 2, 3, 4]);
    expect(converted.sort()).toEqual(['failed', 'purged', 'skipped', 'success']);
  });

  it('uses the newest version, or the one of the time, or the one that is named', async () => {
    const archive = await newArchive();
    const [id = ''] = await put(archive, ['S1;4'], { converterVersion: '1.2.0' });
    const converters = ['1.10.0', '1.2.0', '1.9.0', '2.0.0-beta', '2.0.0'].map(version => new Measurement(version));
    const engine = newEngine(archive, { converters });
    expect((await engine.reprocessSingle(id)).version).toBe('2.0.0');
    expect((await engine.reprocessSingle(id, { useCurrentConverter: false })).version).toBe('1.2.0');
    expect((await engine.reprocessSingle(id, { version: '1.10.0' })).version).toBe('1.10.0');
  });

  it('says before anything starts that a version is not there', async () => {
    const archive = await newArchive();
    await put(archive, ['S1;4', 'S2;4'], { converterVersion: '0.9.0' });
    let conversions = 0;
    const engine = newEngine(archive);
    const range = { converterName: 'measurement', onConverted: () => void conversions++ };
    await expect(engine.reprocessRange({ ...range, useCurrentConverter: false })).rejects.toThrow(
      /version 0\.9\.0 \(2 entries\) is not there; nothing was started\. There is 1\.0\.0/,
    );
    await expect(engine.reprocessRange({ ...range, version: '3.0.0' })).rejects.toThrow(/version 3\.0\.0/);
    await expect(engine.compare({ ...range, baseline: { version: '3.0.0' } })).rejects.toThrow(/version 3\.0\.0/);
    await expect(engine.reprocessRange({ ...range, converterName: 'other' })).rejects.toThrow(/no converter 'other'/);
    expect(conversions).toBe(0);
    expect(() => newEngine(archive, { converters: [new Measurement('1.0.0'), new Measurement('1.0.0')] })).toThrow(
      /'measurement' has version 1\.0\.0 twice/,
    );
  });

  it('uses the arguments of today, or those of the time', async () => {
    const archive = await newArchive();
    const [id = ''] = await put(archive, ['S1;4'], { parameters: { unit: 'old' } });
    const unit = async (engine = newEngine(archive), options = {}) =>
      JSON.stringify((await engine.reprocessSingle(id, options)).reports).match(/"unit":"(\w+)"/)?.[1];
    expect(await unit()).toBe('V');
    expect(await unit(newEngine(archive), { useCurrentParameters: false })).toBe('old');
    expect(await unit(newEngine(archive, { arguments: { measurement: { unit: 'mV' } } }))).toBe('mV');
  });

  it('sends under a key that says which report it supersedes and why, and the same each time', async () => {
    const archive = await newArchive();
    const [id = ''] = await put(archive, ['S1;4'], { reportId: 'SERVER-7' });
    const sent: SubmitContext[] = [];
    const pending = new PendingQueue({
      directory: await temporaryFolder(),
      minFreeBytes: 0,
      submitter: async (_, context) => {
        sent.push(context);
        return {};
      },
    });
    await pending.start();
    const engine = newEngine(archive, { pending, converters: [new Measurement('1.3.0')] });
    const options = { submit: true, reason: 'wrong limit since May' };
    const { submitted } = await engine.reprocessSingle(id, options);
    await engine.reprocessSingle(id, options);
    await engine.reprocessSingle(id, { ...options, reason: 'another' });
    await pending.drain();
    await pending.stop();
    const keys = sent.map(context => context.idempotencyKey);
    expect(keys[0]).toMatch(/^supersedes=[0-9a-f-]{36};by=measurement@1\.3\.0;why=wrong-limit-since-May;[0-9a-f]{12}$/);
    expect(submitted).toEqual([keys[0]]);
    expect(new Set(keys).size).toBe(2);
    expect(keys.at(-1)).toMatch(/why=another/);
  });

  it('waits behind live work, but not for ever', async () => {
    const archive = await newArchive();
    await put(archive, ['S1;1', 'S2;2']);
    let looks = 0;
    const live = {
      get busy() {
        looks += 1;
        return looks < 5;
      },
    };
    const looksAt: number[] = [];
    const onConverted = () => void looksAt.push(looks);
    await newEngine(archive, { live }).reprocessRange({ converterName: 'measurement', onConverted });
    expect(looksAt).toEqual([5, 6]);
    // Nothing tells this one that the station is idle: it goes on all the same, an entry a second.
    const never = newEngine(archive, { live: { busy: true } });
    expect(await never.reprocessRange({ converterName: 'measurement' })).toMatchObject({ successful: 2 });
  });

  it('begins no more in a second than it may, at whatever concurrency', async () => {
    const archive = await newArchive();
    await put(archive, ['S1;1', 'S2;2', 'S3;3', 'S4;4', 'S5;5']);
    const clock = new ManualClock();
    const begun: number[] = [];
    class Timed extends Measurement {
      override async convert(...args: Parameters<Measurement['convert']>) {
        begun.push(clock.monotonic());
        return super.convert(...args);
      }
    }
    const engine = newEngine(archive, { clock, converters: [new Timed('1.0.0')] });
    const done = engine.reprocessRange({ converterName: 'measurement', maxPerSecond: 4, concurrency: 3 });
    let ended = false;
    void done.then(() => {
      ended = true;
    });
    while (!ended) await clock.advance(10);
    expect(await done).toMatchObject({ successful: 5 });
    // Nothing begins before its turn; how long it takes then is the disk's.
    for (const [index, at] of begun.entries()) expect(at).toBeGreaterThanOrEqual(index * 250);
  });

  it('tells what it does: each entry, its progress and its end', async () => {
    const archive = await newArchive();
    const ids = await put(archive, ['S1;1', 'S2;x', 'S3;skip', 'S4;4']);
    const lines: { event?: unknown; message: string }[] = [];
    const note = (fields: object, message: string): void => void lines.push({ ...fields, message });
    const engine = newEngine(archive, { logger: { debug: note, info: note, warn: note, error: note } });
    const told: [string, object][] = [];
    for (const event of ['started', 'converted', 'failed', 'skipped', 'progress', 'completed'] as const)
      engine.on(event, (payload: object) => told.push([event, payload]));
    const result = await engine.reprocessRange({ converterName: 'measurement' });
    const of = (index: number) => ({
      converterName: 'measurement',
      archiveId: ids[index],
      correlationId: ids[index],
      version: '1.0.0',
    });
    expect(told.filter(([event]) => event !== 'progress')).toEqual([
      ['started', { converterName: 'measurement', total: 4, processed: 0, submit: false }],
      [
        'converted',
        expect.objectContaining({ ...of(0), reports: [expect.objectContaining({ sn: 'S1' })], submitted: [] }),
      ],
      ['failed', { ...of(1), error: expect.objectContaining({ message: "'x' is no number" }) }],
      ['skipped', { ...of(2), reason: 'skipped: nothing in it', purged: false }],
      ['converted', expect.objectContaining(of(3))],
      ['completed', { converterName: 'measurement', ...result }],
    ]);
    const progress = told.filter(([event]) => event === 'progress').map(([, payload]) => payload);
    expect(progress).toHaveLength(4);
    expect(progress.at(-1)).toMatchObject({
      processed: 4,
      total: 4,
      successful: 2,
      failed: 1,
      skipped: 1,
      remainingMs: 0,
    });
    expect(lines.map(({ event }) => event)).toEqual(expect.arrayContaining(['started', 'failed', 'completed']));
    expect(lines).toContainEqual(
      expect.objectContaining({ event: 'failed', converter: 'measurement', archiveId: ids[1] }),
    );

    told.length = 0;
    await engine.reprocessSingle(ids[1] ?? '');
    expect(told).toMatchObject([['failed', of(1)]]);
  });

  it('is on a diagnostics channel, and no listener can stop it', async () => {
    const archive = await newArchive();
    await put(archive, ['S1;1', 'S2;2']);
    const engine = newEngine(archive);
    const errors: Error[] = [];
    engine.on('error', ({ error }) => errors.push(error));
    engine.on('converted', () => {
      throw new Error('mine');
    });
    const published: unknown[] = [];
    const listen = (message: unknown): void => void published.push(message);
    subscribe('millrace:reprocessing:completed', listen);
    expect(await engine.reprocessRange({ converterName: 'measurement' })).toMatchObject({ successful: 2 });
    unsubscribe('millrace:reprocessing:completed', listen);
    expect(published).toMatchObject([{ emitter: engine, event: 'completed', payload: { successful: 2 } }]);
    expect(errors).toMatchObject([{ code: 'LISTENER_FAILED' }, { code: 'LISTENER_FAILED' }]);
  });

  it('refuses a module for workers: it converts on this thread', async () => {
    const archive = await newArchive();
    const converters = [{ module: '/converters/csv.mjs' }] as unknown as Measurement[];
    expect(() => newEngine(archive, { converters })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        problems: [{ path: 'converters[0]', message: expect.stringMatching(/no module/) }],
      }),
    );
  });

  it('can be aborted, and goes on from its cursor', async () => {
    const archive = await newArchive();
    const ids = await put(
      archive,
      Array.from({ length: 120 }, (_, index) => `S${index};${index % 7}`),
    );
    const engine = newEngine(archive);
    const abort = new AbortController();
    const seen: string[] = [];
    const onConverted = (one: { archiveId: string }) => {
      seen.push(one.archiveId);
      if (seen.length === 70) abort.abort();
    };
    const first = await engine.reprocessRange({ converterName: 'measurement', signal: abort.signal, onConverted });
    expect(first).toMatchObject({ total: 120, processed: 50, complete: false });
    const rest = await engine.reprocessRange({
      converterName: 'measurement',
      cursor: first.cursor as string,
      onConverted,
    });
    expect(rest).toMatchObject({ processed: 70, complete: true });
    expect(new Set(seen)).toEqual(new Set(ids));
  });

  it('keeps its progress under a name, and refuses to go on with something else', async () => {
    const archive = await newArchive();
    await put(
      archive,
      Array.from({ length: 60 }, (_, index) => `S${index};${index === 55 ? 'x' : 1}`),
    );
    const engine = newEngine(archive);
    const abort = new AbortController();
    let converted = 0;
    const onConverted = () => {
      converted += 1;
      if (converted === 52) abort.abort();
    };
    const options = { converterName: 'measurement', run: 'May', onConverted };
    expect(await engine.reprocessRange({ ...options, signal: abort.signal })).toMatchObject({ processed: 50 });
    // What comes meanwhile is not in its range.
    await put(archive, ['S99;1'], { timestamp: new Date(START + 9e9) });
    const result = await engine.reprocessRange(options);
    expect(result).toMatchObject({ total: 60, processed: 60, successful: 59, failed: 1, complete: true });
    expect(converted).toBe(62);
    // It is done: asking again tells the same.
    expect(await engine.reprocessRange(options)).toEqual(result);
    expect(converted).toBe(62);
    await expect(engine.reprocessRange({ ...options, submit: false, version: '1.0.0' })).rejects.toThrow(
      /'May' was begun with other options/,
    );
  });

  it('ends with the error of a callback', async () => {
    const archive = await newArchive();
    await put(archive, ['S1;1', 'S2;2']);
    const onProgress = () => {
      throw new Error('the disk for the results is full');
    };
    await expect(newEngine(archive).reprocessRange({ converterName: 'measurement', onProgress })).rejects.toThrow(
      'the disk for the results is full',
    );
  });

  it('estimates from recorded durations', async () => {
    const archive = await newArchive();
    await put(archive, ['S1;1', 'S2;2', 'S3;3', 'S4;4']);
    const engine = newEngine(archive);
    const range = { converterName: 'measurement', to: new Date(START + 3 * 60_000) };
    expect(await engine.estimate(range)).toEqual({ entries: 3, measured: 3, averageMs: 20, durationMs: 60 });
    expect(await engine.estimate({ ...range, concurrency: 2 })).toMatchObject({ durationMs: 30 });
    expect(await engine.estimate({ ...range, maxPerSecond: 2 })).toMatchObject({ durationMs: 1_500 });
    expect(await engine.estimate({ converterName: 'other' })).toMatchObject({ entries: 0, durationMs: 0 });
  });

  it('is in the audit log', async () => {
    const archive = await newArchive();
    const [id = ''] = await put(archive, ['S1;4']);
    const engine = newEngine(archive);
    await engine.reprocessSingle(id, { reason: 'a look' });
    await engine.reprocessRange({ converterName: 'measurement' });
    expect(await archive.verifyAuditLog()).toMatchObject({ ok: true, records: 2 });
  });
});

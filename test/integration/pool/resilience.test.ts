/** What goes wrong around the pool, and never stops it or the host. */
import { rename, rm, unlink } from 'node:fs/promises';
import { nodeFileSystem } from 'millrace';
import { describe, expect, it } from 'vitest';
import { converter, echo, gate, next, Station } from './support.js';

const timed = converter((source, context) => (source.name.startsWith('hang') ? never() : echo(source, context)));
const never = () => new Promise<never>(() => undefined);

describe('the pool goes on', () => {
  it.each([
    ['throws an error', () => Promise.reject(new TypeError('no such column'))],
    ['throws what is no error', () => Promise.reject('text')],
    ['throws nothing', () => Promise.reject(undefined)],
    ['returns nothing', () => undefined as never],
    ['returns a text', () => 'P' as never],
    ['returns what is no JSON', () => ({ value: 1n })],
  ])('when a converter %s: that file fails, the next one is delivered', async (_what, convert) => {
    const station = await Station.open();
    const sometimes = converter((source, context) => (source.name === 'bad.txt' ? convert() : echo(source, context)));
    const pool = await station.start({ converters: [{ converter: sometimes }] });
    const failed = next(pool, 'failed');
    await station.drop('watch/bad.txt', 'bad');
    expect((await failed).error).toBeInstanceOf(Error);
    await station.drop('watch/good.txt', 'good');
    await station.settled(pool);
    expect(station.reports()).toEqual([{ name: 'good.txt', text: 'good' }]);
    expect(await station.files('Error')).toEqual(['bad.txt', 'bad.txt.error']);
  });

  it('when a converter never ends: it times out, and the file fails', async () => {
    const station = await Station.open();
    const pool = await station.start({ converters: [{ converter: timed, timeoutMs: 50, maxRetries: 0 }] });
    const failed = next(pool, 'failed');
    await station.drop('watch/hang.txt', 'hang');
    expect((await failed).error).toMatchObject({ code: 'CONVERTER_TIMEOUT' });
    await station.drop('watch/good.txt', 'good');
    await station.settled(pool);
    expect(station.reports()).toEqual([{ name: 'good.txt', text: 'good' }]);
  });

  it('when hooks of a converter throw', async () => {
    const station = await Station.open();
    const onSuccess = () => Promise.reject(new Error('hook'));
    const pool = await station.start({ converters: [{ converter: converter(echo, { onSuccess }) }] });
    await station.drop('watch/a.txt', 'a');
    await station.settled(pool);
    expect(station.reports()).toHaveLength(1);
    expect(station.errors).toMatchObject([{ code: 'HOOK_FAILED' }]);
  });

  it('when listeners throw and reject, those of error too', async () => {
    const station = await Station.open();
    const pool = await station.start();
    for (const event of ['discovered', 'queued', 'converting', 'delivered', 'completed', 'error'] as const) {
      pool.on(event, () => {
        throw new Error(`thrown in ${event}`);
      });
      pool.on(event, () => Promise.reject(new Error(`rejected in ${event}`)));
    }
    await station.drop('watch/a.txt', 'a');
    await station.settled(pool);
    expect(station.reports()).toHaveLength(1);
    expect(station.errors).toHaveLength(10);
    for (const error of station.errors) expect(error).toMatchObject({ code: 'LISTENER_FAILED' });
  });

  it('when a file vanishes before its turn, and while it rests', async () => {
    const station = await Station.open();
    const hold = gate();
    const slow = converter(async (source, context) => {
      await hold.passed;
      return echo(source, context);
    });
    const pool = await station.start({ concurrency: 1, converters: [{ converter: slow }] });
    const converting = next(pool, 'converting');
    await station.drop('watch/first.txt', 'first');
    await converting;
    const queued = next(pool, 'queued');
    const gone = await station.drop('watch/gone.txt', 'gone');
    await queued;
    await unlink(gone);
    const skipped = next(pool, 'skipped');
    hold.open();
    expect(await skipped).toMatchObject({ path: gone, reason: expect.stringContaining('removed') });
    const discovered = next(pool, 'discovered');
    const short = await station.drop('watch/short.txt', 'short');
    await discovered;
    await unlink(short);
    await station.settled(pool);
    expect(station.reports().map(report => report.name)).toEqual(['first.txt']);
    expect((await pool.statistics()).files).toMatchObject({ completed: 1, skipped: 2 });
  });
});

it('a file operation that hangs is told of once, and other files go on', async () => {
  const station = await Station.open();
  const hold = gate();
  const fs = {
    ...nodeFileSystem,
    open: async (...args: Parameters<typeof nodeFileSystem.open>) => {
      if (args[0].endsWith('hang.txt')) await hold.passed;
      return nodeFileSystem.open(...args);
    },
  };
  const pool = await station.start({ fs, slowOperationMs: 100 });
  const told: string[] = [];
  pool.on('slowOperation', ({ operation, path }) => told.push(`${operation} ${path}`));
  const slow = next(pool, 'slowOperation');
  const path = await station.drop('watch/hang.txt', 'late');
  expect(await slow).toMatchObject({ operation: 'open', path });
  const completed = next(pool, 'completed');
  await station.drop('watch/good.txt', 'good');
  await completed;
  hold.open();
  await station.settled(pool);
  expect(told.filter(one => one === `open ${path}`)).toHaveLength(1);
  expect(station.reports().map(report => report.name)).toEqual(['good.txt', 'hang.txt']);
});

describe('a watch folder', () => {
  it('that is not there yet is told of, and picked up when it appears', async () => {
    const station = await Station.open();
    const options = { converters: [{ converter: converter(echo), watchFolder: station.path('later', 'watch') }] };
    const pool = station.pool(options);
    const degraded = next(pool, 'watcherDegraded');
    await pool.start();
    expect(await degraded).toMatchObject({ folder: station.path('later', 'watch'), error: { code: 'FOLDER_MISSING' } });
    const recovered = next(pool, 'watcherRecovered');
    const completed = next(pool, 'completed');
    await station.drop('later/watch/a.txt', 'a');
    await recovered;
    await completed;
    await station.drop('later/watch/b.txt', 'b');
    await next(pool, 'completed');
    expect(station.reports().map(report => report.name)).toEqual(['a.txt', 'b.txt']);
  });

  it('that goes away and comes back loses no file: those of before come out, and its new ones are heard of', async () => {
    const station = await Station.open();
    const pool = await station.start({ converters: [{ converter: converter(echo), rescanIntervalMs: 100 }] });
    const degraded = next(pool, 'watcherDegraded');
    await rename(station.path('watch'), station.path('unmounted'));
    await degraded;
    expect(await pool.explain(station.path('watch', 'a.txt'))).toContain('cannot be reached');
    const recovered = next(pool, 'watcherRecovered');
    const completed = next(pool, 'completed');
    await station.drop('unmounted/a.txt', 'a');
    await rename(station.path('unmounted'), station.path('watch'));
    await recovered;
    await completed;
    const again = next(pool, 'watcherDegraded');
    await rm(station.path('watch'), { recursive: true });
    await again;
    const second = next(pool, 'completed');
    await station.drop('watch/b.txt', 'b');
    await second;
    await station.settled(pool);
    expect(station.reports().map(report => report.name)).toEqual(['a.txt', 'b.txt']);
  });
});

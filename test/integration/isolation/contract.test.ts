/** A converter in workers has the whole contract: validation, hooks, life cycle, signal, big files, thread reuse. */
import { createHash } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { next, Station, until } from '../pool/support.js';
import { isolated, moduleAt } from './support.js';

const CAREFUL = { module: moduleAt('careful') };
const SOAK = process.env.MILLRACE_SOAK !== undefined;

async function notes(station: Station): Promise<string[]> {
  const text = await readFile(station.path('notes'), 'utf8').catch(() => '');
  return text.split('\n').filter(line => line !== '');
}

const careful = (station: Station, options: Parameters<typeof isolated>[2] = {}, args = {}) =>
  isolated(station, { ...CAREFUL, arguments: { notes: station.path('notes'), ...args } }, options);

describe('a converter in a worker', () => {
  it('is initialised and disposed of in its thread, validates and has hooks', async () => {
    const station = await Station.open();
    const pool = await careful(station);
    const low: number[] = [];
    pool.on('lowConfidence', ({ confidence }) => low.push(confidence));
    for (const [name, text] of Object.entries({ a: 'yes', b: 'no', c: 'yes fail', d: 'die' })) {
      const ended = Promise.race([next(pool, 'completed'), next(pool, 'failed')]);
      await station.drop(`watch/${name}.txt`, text);
      await ended;
    }
    await station.settled(pool);
    await pool.stop();
    const died = 'onFailure d.txt failed The thread of';
    const all = await notes(station);
    expect(all.map(line => line.slice(0, died.length))).toEqual([
      'initialize',
      'onSuccess a.txt yes success 1 1'.slice(0, died.length),
      'onFailure b.txt rejected attempt 1'.slice(0, died.length),
      'onFailure c.txt failed failed',
      // Given to a new thread once, as the first had had other files.
      'initialize',
      'initialize',
      died,
      'dispose',
    ]);
    expect(low).toEqual([0.4, 0.4, 0.4]);
    expect(station.errors).toEqual([]);
  });

  it('that has a throwing hook is told of, and nothing else changes', async () => {
    const station = await Station.open();
    const pool = await careful(station, {}, { throwing: true });
    await station.drop('watch/a.txt', 'yes');
    await station.settled(pool);
    expect(station.reports()).toHaveLength(1);
    expect(station.errors).toMatchObject([{ code: 'HOOK_FAILED', message: "onSuccess of 'careful' failed: hook" }]);
  });

  it('is chosen by what it says in its worker', async () => {
    const station = await Station.open();
    const one = { isolation: 'worker' as const, workers: 1 };
    const args = { notes: station.path('notes') };
    const pool = await station.start({
      converters: [
        { ...one, converter: { ...CAREFUL, arguments: args } },
        { ...one, converter: { module: moduleAt('misbehaving') } },
      ],
    });
    await station.drop('watch/a.txt', 'yes');
    await station.settled(pool);
    // Without validate it is sure.
    expect((await pool.items()).items).toMatchObject([{ converter: 'misbehaving' }]);
  });

  it('has its signal aborted when the pool stops, and the file is taken up again', async () => {
    const station = await Station.open();
    const pool = await careful(station);
    const converting = next(pool, 'converting');
    await station.drop('watch/a.txt', 'yes wait');
    await converting;
    await until(async () => (await notes(station)).length > 0);
    await pool.stop({ timeoutMs: 0 });
    const again = station.pool({
      converters: [{ converter: { ...CAREFUL, arguments: { notes: station.path('notes') } }, isolation: 'worker' }],
    });
    again.pause();
    await again.start();
    expect((await again.items()).items).toMatchObject([{ attempts: 0 }]);
    expect(await station.files('watch')).toContain('a.txt');
  });

  it('has its signal aborted when its time is up, with the reason', async () => {
    const station = await Station.open();
    const pool = await careful(station, { timeoutMs: 1_000 });
    const failed = next(pool, 'failed');
    await station.drop('watch/a.txt', 'yes wait');
    expect((await failed).error).toMatchObject({
      code: 'CONVERTER_TIMEOUT',
      message: expect.stringContaining("'careful'"),
    });
    await until(async () => (await notes(station)).some(line => line.startsWith('aborted')));
    expect((await notes(station)).filter(line => line.startsWith('aborted'))).toEqual([
      'aborted: CONVERTER_TIMEOUT AbortError',
    ]);
    await station.settled(pool);
  });

  it.each(['worker', 'process'] as const)('reads big files from the disk, in a %s', async isolation => {
    const station = await Station.open();
    const pool = await careful(station, { isolation, memoryLimitMb: 64 });
    const lines = 300_000;
    const content = Array.from({ length: lines }, (_, index) => `${index};measured;${index / 7}\n`).join('');
    await station.drop('watch/a.big', content);
    await station.settled(pool);
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(content.length).toBeGreaterThan(4 * 1024 * 1024);
    expect(station.reports<object>()).toEqual([{ lines, sha256 }]);
  });

  it('that reads a big file which changes meanwhile is void, and the whole one is converted', async () => {
    const station = await Station.open();
    const pool = await careful(station);
    let changed = false;
    const content = 'a line of thirty-two characters\n'.repeat(200_000);
    const path = station.path('watch/a.big');
    pool.on('converting', () => {
      if (changed) return;
      changed = true;
      void appendFile(path, 'one more\n');
    });
    await station.drop('watch/a.big', content);
    await station.settled(pool);
    expect(station.reports<{ lines: number }>().map(report => report.lines)).toEqual([200_001]);
  });
});

describe('a module that is no converter for workers', () => {
  it.each<[string, object, string]>([
    ['is not there', { module: moduleAt('nowhere') }, 'cannot be loaded'],
    ['does not say which', { module: moduleAt('wrong') }, 'is no converter'],
    ['throws when it is constructed', { module: moduleAt('wrong'), export: 'Refusing' }, 'not on a Sunday'],
    ['matches by code', { module: moduleAt('wrong'), export: 'Matching' }, 'matchesFile'],
    ['converts folders', { module: moduleAt('wrong'), export: 'Folders' }, 'folders'],
  ])('%s: the pool does not start', async (_what, module, words) => {
    const station = await Station.open();
    await expect(isolated(station, module)).rejects.toMatchObject({
      code: 'CONVERTER_CONFIG',
      message: expect.stringContaining(words),
    });
  });

  it('cannot be initialised: the pool does not start', async () => {
    const station = await Station.open();
    await expect(careful(station, {}, { broken: true })).rejects.toThrow('no licence');
  });

  it.each([
    [{ converter: CAREFUL, isolation: 'none' as const }, 'isolation'],
    [{ converter: { module: './careful.mjs' } }, 'converter.module'],
    [{ converter: CAREFUL, workers: 0 }, 'workers'],
    [{ converter: CAREFUL, memoryLimitMb: 1 }, 'memoryLimitMb'],
  ])('is named with its option: %o', async (options, key) => {
    const station = await Station.open();
    expect(() => station.pool({ converters: [{ isolation: 'worker', ...options }] })).toThrow(`converters[0].${key}`);
  });
});

it('converters in workers come and go in a running pool, and one that stays the same stays', async () => {
  const station = await Station.open();
  const args = { notes: station.path('notes') };
  const options = (more: object = {}) => ({
    converter: { ...CAREFUL, arguments: { ...args, ...more } },
    isolation: 'worker' as const,
    workers: 1,
    watchFolder: station.path('watch'),
    stabilityMs: 30,
  });
  const pool = await station.start();
  expect(await pool.reload({ converters: [options()] })).toMatchObject({ added: ['careful'], removed: ['text'] });
  await station.drop('watch/a.txt', 'yes');
  await station.settled(pool);
  expect(await pool.reload({ converters: [options()] })).toMatchObject({ unchanged: ['careful'] });
  expect(await pool.reload({ converters: [options({ more: 1 })] })).toMatchObject({ changed: ['careful'] });
  await until(async () => (await notes(station)).filter(line => line === 'dispose').length === 1);
  await station.drop('watch/b.txt', 'yes more');
  await station.settled(pool);
  expect(station.reports().map(report => report.text)).toEqual(['yes', 'yes more']);
});

it(`${SOAK ? 1_000 : 200} conversions use the same threads again, and leave nothing behind`, {
  timeout: 300_000,
}, async () => {
  const station = await Station.open();
  const files = SOAK ? 1_000 : 200;
  const pool = await isolated(station, {}, { workers: 2, postProcess: 'delete' }, { concurrency: 8 });
  const handles = () => process.getActiveResourcesInfo().filter(name => /MessagePort|Worker/.test(name)).length;
  const drop = async (from: number, to: number) => {
    for (let index = from; index < to; index++) await station.drop(`watch/${index}.txt`, `good ${index}`);
    await pool.idle();
  };
  await drop(0, files / 4);
  const before = handles();
  const residentBefore = process.memoryUsage.rss();
  await drop(files / 4, files);
  expect(handles()).toBeLessThanOrEqual(before);
  // Of all threads. A leak of 100 KB a conversion would be some 75 MB with 1,000 of them.
  const grownMb = (process.memoryUsage.rss() - residentBefore) / 1024 / 1024;
  if (SOAK) process.stdout.write(`${files * 0.75} conversions: memory grew by ${grownMb.toFixed(1)} MB\n`);
  expect(grownMb).toBeLessThan(60);
  expect(new Set(station.reports<{ word: string }>().map(report => report.word)).size).toBe(files);
  expect(new Set(station.reports<{ thread: number }>().map(report => report.thread)).size).toBeLessThanOrEqual(2);
  await station.settled(pool);
});

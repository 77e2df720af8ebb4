/** A converter in workers can do what it likes: one file fails, with the right code, and everything else goes on. */
import { describe, expect, it } from 'vitest';
import { next, Station, until } from '../pool/support.js';
import { isolated, moduleAt } from './support.js';

interface Report {
  name: string;
  word: string;
  thread: number;
  pid: number;
}

/** Drops files that do harm, each with a good one after it. @returns The code with which each failed. */
async function harmed(
  deeds: readonly string[],
  options: Parameters<typeof isolated>[2] = {},
): Promise<Record<string, string>> {
  const station = await Station.open();
  const codes: Record<string, string> = {};
  const pool = await isolated(station, {}, options);
  for (const deed of deeds) {
    const failed = next(pool, 'failed');
    await station.drop(`watch/${deed}.txt`, `${deed} it`);
    const { error, attempts, converter } = await failed;
    expect({ attempts, converter }).toEqual({ attempts: 1, converter: 'misbehaving' });
    const completed = next(pool, 'completed');
    await station.drop(`watch/after-${deed}.txt`, `good ${deed}`);
    await completed;
    const told = JSON.parse(await station.read(`Error/${deed}.txt.error`));
    expect(told).toMatchObject({ code: (error as { code?: string }).code, converter: 'misbehaving' });
    codes[deed] = told.code;
  }
  await station.settled(pool);
  expect(station.reports<Report>().map(report => report.word)).toEqual(deeds);
  expect(station.errors).toEqual([]);
  await pool.stop();
  return codes;
}

describe('of converters in threads, one file fails and the next succeeds', () => {
  it('after process.exit(), an unhandled rejection, an exception of a timer, a leak, no report', {
    timeout: 180_000,
  }, async () => {
    const deeds = ['exit', 'reject', 'uncaught', 'leak', 'abort', 'circle', 'text'];
    expect(await harmed(deeds, { memoryLimitMb: 40 })).toEqual({
      exit: 'CONVERTER_CRASHED',
      reject: 'CONVERTER_CRASHED',
      uncaught: 'CONVERTER_CRASHED',
      leak: 'CONVERTER_MEMORY',
      // Node does not let a thread abort the process.
      abort: 'CONVERTER_FAILED',
      circle: 'CONVERTER_FAILED',
      text: 'CONVERTER_FAILED',
    });
  });

  it('after an endless loop, and after a wait for ever', async () => {
    expect(await harmed(['loop', 'hang'], { timeoutMs: 1_500 })).toEqual({
      loop: 'CONVERTER_TIMEOUT',
      hang: 'CONVERTER_TIMEOUT',
    });
  });
});

describe('of converters in processes, one file fails and the next succeeds', () => {
  it('after a segmentation fault, process.abort(), process.exit(), an unhandled rejection, an endless loop, a leak', {
    timeout: 180_000,
  }, async () => {
    const deeds = ['segfault', 'abort', 'exit', 'reject', 'loop', 'leak'];
    expect(await harmed(deeds, { isolation: 'process', timeoutMs: 5_000, memoryLimitMb: 40 })).toEqual({
      segfault: 'CONVERTER_CRASHED',
      abort: 'CONVERTER_CRASHED',
      exit: 'CONVERTER_CRASHED',
      reject: 'CONVERTER_CRASHED',
      loop: 'CONVERTER_TIMEOUT',
      // V8 aborts a process that has used up its heap, and says no more.
      leak: 'CONVERTER_CRASHED',
    });
  });
});

describe.each(['worker', 'process'] as const)('a converter in a %s', isolation => {
  it('says and is told the same as one in this thread', async () => {
    const station = await Station.open();
    const lines: unknown[] = [];
    const say = (fields: object, message: string) => void lines.push([message, fields]);
    const logger = { debug: () => undefined, info: say, warn: say, error: say };
    const pool = await isolated(
      station,
      { arguments: { delimiter: ';' } },
      { isolation, arguments: { depth: 2 }, retryDelayMs: 10 },
      { logger },
    );
    const events: Record<string, unknown> = {};
    const progress: unknown[] = [];
    pool.on('skipped', event => Object.assign(events, { [event.path.slice(-8)]: event.reason }));
    pool.on('suspended', event => Object.assign(events, { [event.path.slice(-8)]: event.reason }));
    pool.on('failed', ({ path, error }) => Object.assign(events, { [path.slice(-8)]: error }));
    pool.on('converted', event => Object.assign(events, { [event.path.slice(-8)]: event }));
    pool.on('progress', ({ fraction, message }) => progress.push([fraction, message]));
    for (const deed of [
      'format',
      'throwx',
      'two it',
      'rich a',
      'skip a',
      'refuse',
      'later1',
      'contex',
      'log ab',
      'none a',
    ]) {
      const text = { throwx: 'throw', contex: 'context', later1: 'later' }[deed] ?? deed;
      await station.drop(`watch/${deed.slice(0, 4)}.txt`, text);
    }
    await station.drop('watch/logs/in.log', 'pattern not recursive');
    await station.drop('watch/b.csv', 'not its own');
    await until(async () => (await station.files('watch')).length === 2);
    await station.settled(pool);

    expect(events['form.txt']).toMatchObject({
      name: 'FileFormatError',
      code: 'FILE_FORMAT',
      message: expect.stringContaining('line 3'),
    });
    expect((events['form.txt'] as Error).cause).toMatchObject({ name: 'TypeError', message: 'NaN' });
    expect(events['thro.txt']).toMatchObject({
      name: 'ConverterError',
      code: 'CONVERTER_FAILED',
      message: 'out of range',
    });
    expect((events['thro.txt'] as Error).cause).toMatchObject({ name: 'RangeError', code: 'E_RANGE', line: 3 });
    expect((events['thro.txt'] as Error).stack).toContain('misbehaving.mjs');
    expect(events['refu.txt']).toMatchObject({ code: 'REJECTED', message: 'this is a spectrum' });
    expect([events['skip.txt'], events['none.txt']]).toEqual([
      'a calibration run',
      'the converter found no report in it',
    ]);
    expect(events['rich.txt']).toMatchObject({ warnings: ['no operator'], metadata: { format: 3 }, reports: 1 });
    expect(events['late.txt']).toMatchObject({ reports: 1 });

    const of = (name: string) => station.reports<Report & Record<string, unknown>>().filter(one => one.name === name);
    expect(of('two.txt').concat(of('two .txt'))).toMatchObject([{ word: 'it' }, { word: 'it', second: true }]);
    expect(of('rich.txt')[0]).toMatchObject({ when: '1970-01-01T00:00:00.000Z', by: 'its JSON' });
    expect(await station.files('Done')).not.toContain('rich.txt');
    const [context] = of('cont.txt');
    expect(context).toMatchObject({
      aborted: false,
      size: 7,
      facts: { arguments: { delimiter: ';', depth: 2 }, attempt: 1, folders: { watch: station.path('watch') } },
    });
    expect(context?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(progress).toEqual([[0.5, 'half way']]);
    expect(lines).toContainEqual([
      'half way',
      expect.objectContaining({ word: 'ab', err: expect.objectContaining({ message: 'logged' }) }),
    ]);
    const inHost = of('log .txt')
      .concat(of('two.txt'))
      .some(one => one.thread === 0 && one.pid === process.pid);
    expect(inHost).toBe(false);
  });
});

describe('a converter in a worker', () => {
  it('is what its module says: name, version, priority, extensions, patterns, arguments', async () => {
    const station = await Station.open();
    const pool = await isolated(station, {}, { recursive: true });
    const queued = next(pool, 'queued');
    await station.drop('watch/logs/a.log', 'good pattern');
    expect(await queued).toMatchObject({ converter: 'misbehaving', priority: 7 });
    await station.settled(pool);
    expect((await pool.items()).items).toMatchObject([{ converter: 'misbehaving', converterVersion: '2.1.0' }]);
  });

  it('may be named, and exists once for each name', async () => {
    const station = await Station.open();
    const module = moduleAt('misbehaving');
    const one = { isolation: 'worker' as const, workers: 1 };
    await station.drop('two/a.txt', 'good it');
    const pool = await station.start({
      converters: [
        { ...one, converter: { module, name: 'first' }, watchFolder: station.path('one') },
        { ...one, converter: { module, name: 'second' }, watchFolder: station.path('two') },
      ],
    });
    await station.settled(pool);
    expect((await pool.items()).items).toMatchObject([{ converter: 'second' }]);
    await pool.stop();
    // That the second has this name, too, its module says.
    const again = station.pool({
      converters: [
        { ...one, converter: { module, name: 'misbehaving' } },
        { ...one, converter: { module } },
      ],
    });
    await expect(again.start()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('that dies of the file before does not take the next one with it, in hand or not', async () => {
    const station = await Station.open();
    const pool = await isolated(station);
    for (const [index, deed] of ['arm one', 'good two', 'late three', 'good four'].entries()) {
      const completed = next(pool, 'completed');
      await station.drop(`watch/${index}.txt`, deed);
      await completed;
    }
    await station.settled(pool);
    expect(station.reports<Report>().map(report => report.word)).toEqual(['one', 'two', 'three', 'four']);
    expect(new Set(station.reports<Report>().map(report => report.thread)).size).toBe(3);
  });
});

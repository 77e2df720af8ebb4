import { readFile } from 'node:fs/promises';
import { ConfigError, type ConverterContext, type ConverterOptions, type ConverterSource } from 'millrace';
import { ManualClock } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { converter, next, Station, until } from './support.js';
import { unzip } from './unzip.js';

/** Reports the file's own text and the texts of all files of the unit. */
const listing = async (source: ConverterSource) => {
  const files: Record<string, string> = {};
  for (const file of source.files ?? []) files[file.name] = await file.text();
  return { name: source.name, text: await source.text(), files };
};

function units(companions: NonNullable<ConverterOptions['companions']>, options: Partial<ConverterOptions> = {}) {
  return { converters: [{ converter: converter(listing, { supportedExtensions: ['.csv'] }), companions, ...options }] };
}

const REPORT = { name: 'u.csv', text: 'table', files: { 'u.csv': 'table', 'u.png': 'plot' } };

describe('a file with companions', () => {
  it('waits for those that are required, says so, and is one unit with them', async () => {
    const station = await Station.open();
    const pool = await station.start(units(['{stem}.png']));
    const path = await station.drop('watch/u.csv', 'table');
    await until(async () => (await pool.explain(path)).includes("it waits for its companion 'u.png'"));
    // It may never come, so that nobody waits for it.
    await pool.idle();
    expect((await pool.audit()).differences).toEqual([]);
    const plot = await station.drop('watch/u.png', 'plot');
    const { target } = await next(pool, 'cleaned');
    await station.settled(pool);
    expect(station.reports()).toEqual([REPORT]);
    expect(await station.files('watch')).toEqual([]);
    expect(target).toBe(station.path('Done/u.csv'));
    expect(await station.files('Done')).toEqual(['u.csv/u.csv', 'u.csv/u.png']);
    expect(await pool.explain(plot)).toMatch(/u\.png accompanies another file: .*u\.csv was delivered/);
  });

  it('is found complete at the start, whichever came first', async () => {
    const station = await Station.open();
    await station.drop('watch/u.png', 'plot');
    await station.drop('watch/u.csv', 'table');
    await station.drop('watch/alone.png', 'of nothing');
    const pool = await station.start(units(['{stem}.png']));
    await station.settled(pool);
    expect(station.reports()).toEqual([REPORT]);
    expect(await station.files('watch')).toEqual(['alone.png']);
    expect(await pool.explain(station.path('watch/alone.png'))).toContain('it accompanies another file');
  });

  it('waits so long for those that are optional, and is one plain file without them', async () => {
    const station = await Station.open();
    const clock = new ManualClock();
    const pool = station.pool({ ...units({ optional: ['{name}.log', '{stem}.png'], waitMs: 60_000 }), clock });
    await pool.start();
    const path = await station.drop('watch/u.csv', 'table');
    await until(async () => {
      await clock.advance(100);
      return (await pool.explain(path)).includes("it waits for its companion 'u.csv.log', 'u.png'");
    });
    const completed = next(pool, 'completed');
    await clock.advance(60_000);
    await completed;
    await station.settled(pool);
    expect(station.reports()).toEqual([{ ...REPORT, files: { 'u.csv': 'table' } }]);
    expect(await station.files('Done')).toEqual(['u.csv']);
    // The same content without a companion is the same thing as when nobody knew of companions.
    const skipped = next(pool, 'skipped');
    await station.drop('watch/again.csv', 'table');
    await until(async () => {
      await clock.advance(10_000);
      return (await pool.statistics()).files.skipped === 1;
    });
    expect((await skipped).duplicateOf).toBe('u.csv');
  });

  it.each([
    ['fail', 'COMPANION_MISSING'],
    ['convert', undefined],
  ] as const)('follows the policy for those that are late: %s', async (late, code) => {
    const station = await Station.open();
    const pool = await station.start(units({ required: ['{stem}.png'], waitMs: 50, late }));
    const ended = code ? next(pool, 'failed') : next(pool, 'completed');
    const path = await station.drop('watch/u.csv', 'table');
    await ended;
    await station.settled(pool);
    expect(station.reports()).toHaveLength(code ? 0 : 1);
    expect(await station.files(code ? 'Error' : 'Done')).toEqual(code ? ['u.csv', 'u.csv.error'] : ['u.csv']);
    if (code) expect(await pool.explain(path)).toContain("came without 'u.png'");
  });

  it('is converted anew with a companion that came later, where it is kept', async () => {
    const station = await Station.open();
    const pool = await station.start(units({ optional: ['{stem}.png'], waitMs: 0 }, { postProcess: 'keep' }));
    await station.drop('watch/u.csv', 'table');
    await next(pool, 'completed');
    await station.drop('watch/u.png', 'plot');
    await next(pool, 'completed');
    await station.settled(pool);
    expect(station.reports().at(-1)).toEqual(REPORT);
    expect(await station.files('watch')).toEqual(['u.csv', 'u.png']);
  });
});

describe('what happens to a file with companions', () => {
  it.each(['delete', 'zip', 'keep'] as const)('%s', async postProcess => {
    const station = await Station.open();
    const options = units(['{stem}.png'], { postProcess });
    const pool = await station.start(options);
    await station.drop('watch/u.png', 'plot');
    await station.drop('watch/u.csv', 'table');
    await next(pool, 'completed');
    await station.settled(pool);
    expect(await station.files('watch')).toEqual(postProcess === 'keep' ? ['u.csv', 'u.png'] : []);
    if (postProcess === 'zip') {
      const members = await unzip(await readFile(station.path('Done/u.csv.zip')));
      expect(Object.fromEntries([...members].map(([name, bytes]) => [name, bytes.toString()]))).toEqual(REPORT.files);
    } else {
      expect(await station.files('Done')).toEqual([]);
    }
    await pool.stop();
    await station.settled(await station.start(options));
    expect(station.reports()).toHaveLength(1);
  });

  it('goes to the error folder together, comes back from there, and waits together while it is suspended', async () => {
    const station = await Station.open();
    let turn = 0;
    const convert = async (source: ConverterSource, context: ConverterContext) => {
      turn += 1;
      if (turn === 1) return context.reject('no limits');
      return turn === 2 ? context.suspend('not yet', { retryAfterMs: 20 }) : listing(source);
    };
    const csv = converter(convert, { supportedExtensions: ['.csv'] });
    const pool = await station.start({
      converters: [{ converter: csv, companions: ['{stem}.png'], postProcess: 'keep' }],
    });
    await station.drop('watch/u.png', 'plot');
    await station.drop('watch/u.csv', 'table');
    await next(pool, 'failed');
    expect(await station.files('Error')).toEqual(['u.csv.error', 'u.csv/u.csv', 'u.csv/u.png']);
    const suspended = next(pool, 'cleaned', ({ target }) => target === station.path('Pending/u.csv'));
    expect(await pool.retry()).toBe(1);
    await suspended;
    await next(pool, 'completed');
    await station.settled(pool);
    expect(station.reports()).toEqual([REPORT]);
    expect(await station.files('watch')).toEqual(['u.csv', 'u.png']);
    expect(await station.files('Error')).toEqual([]);
  });
});

describe('options for companions', () => {
  it.each([
    [['u.png'], 'must have {stem} or {name} in it'],
    [['plots/{stem}.png'], 'no folder'],
    [['{name}'], "not be '{name}' itself"],
    [[], 'must name at least one file'],
    [{ required: ['{stem}.png'], waitMs: -1 }, 'waitMs'],
    [{ required: ['{stem}.png'], late: 'never' }, "'wait', 'fail' or 'convert'"],
  ])('%j is a problem with a path and a reason', async (companions, message) => {
    const station = await Station.open();
    const make = () => station.pool(units(companions as readonly string[]));
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(message);
    expect(make).toThrow('converters[0].companions');
  });
});

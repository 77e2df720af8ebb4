import { mkdirSync } from 'node:fs';
import { ConfigError, type ConverterBase, type ConverterOptions, FileFormatError, ServiceError } from 'millrace';
import { beforeEach, describe, expect, it } from 'vitest';
import { amount } from '../../support/effort.js';
import { converter, echo, gate, next, Station, until } from './support.js';

let station: Station;
beforeEach(async () => {
  station = await Station.open();
});

type Fields = Parameters<typeof converter>[1];

/** A converter of `.txt` files with a watch folder of its own, as the pool takes it. */
function options(name: string, fields: Fields = {}, more: Partial<ConverterOptions> = {}): ConverterOptions {
  // A folder that comes later is looked for once a second; nobody should wait for that here.
  mkdirSync(station.path(name), { recursive: true });
  return {
    converter: converter(echo, { name, ...fields }),
    watchFolder: station.path(name),
    doneFolder: station.path('done', name),
    errorFolder: station.path('error', name),
    pendingFolder: station.path('pending', name),
    stabilityMs: 30,
    retryDelayMs: 50,
    ...more,
  };
}

const nativeWatches = (): number => process.getActiveResourcesInfo().filter(name => name === 'FSEventWrap').length;
const texts = (): string[] =>
  station
    .reports()
    .map(report => report.text)
    .sort();

describe('addConverter', () => {
  it('takes what lies in its folder, and what comes', async () => {
    const pool = await station.start();
    await station.drop('b/1.txt', 'was there');
    const completed = next(pool, 'completed');
    await pool.addConverter(options('b'));
    expect(await completed).toMatchObject({ path: station.path('b/1.txt'), converter: 'b' });
    const second = next(pool, 'completed');
    await station.drop('b/2.txt', 'came later');
    await second;
    await station.settled(pool);
    expect(await station.files('done/b')).toEqual(['1.txt', '2.txt']);
  });

  it('initialises it first; one that cannot be is not added', async () => {
    const pool = await station.start();
    const refused = options('b', {
      initialize: () => {
        throw new Error('no licence');
      },
    });
    await station.drop('b/1.txt', 'waits');
    await expect(pool.addConverter(refused)).rejects.toThrow('no licence');
    expect(await pool.explain(station.path('b/1.txt'))).toContain('lies in no watched folder');
    const order: string[] = [];
    const working = converter(
      async source => {
        order.push('convert');
        return echo(source, undefined as never);
      },
      { name: 'b', initialize: () => void order.push('initialize') },
    );
    await pool.addConverter(options('b', {}, { converter: working }));
    await station.settled(pool);
    expect(order).toEqual(['initialize', 'convert']);
  });

  it('names every problem of its options, and a name that is taken', async () => {
    const pool = await station.start();
    const wrong = options('text', {}, { priority: 11, maxRetries: -1 });
    const error = await pool.addConverter(wrong).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).problems.map(problem => problem.path)).toEqual(['priority', 'maxRetries']);
    await expect(pool.addConverter(options('text'))).rejects.toThrow("'text' is the name of another converter");
  });

  it('names what is no option, and what was probably meant', async () => {
    const pool = await station.start();
    const wrong = { ...options('b'), prioritty: 3, stabilityMS: 100, colour: 'red' };
    const error = await pool.addConverter(wrong).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    const message = 'is not an option of a converter';
    expect((error as ConfigError).problems).toEqual([
      { path: 'prioritty', message, hint: "Did you mean 'priority'?" },
      { path: 'stabilityMS', message, hint: "Did you mean 'stabilityMs'?" },
      { path: 'colour', message },
    ]);
    expect(() => station.pool({ concurency: 3 } as object)).toThrow("Did you mean 'concurrency'?");
  });

  it('works before the start, and not after the end', async () => {
    const pool = station.pool();
    await pool.addConverter(options('b'));
    await station.drop('b/1.txt', 'early');
    await pool.start();
    await station.settled(pool);
    expect(texts()).toEqual(['early']);
    await pool.stop();
    await expect(pool.addConverter(options('c'))).rejects.toThrow(ServiceError);
    await expect(pool.removeConverter('b')).rejects.toThrow(ServiceError);
    await expect(pool.reload({ converters: [options('c')] })).rejects.toThrow(ServiceError);
  });
});

describe('removeConverter', () => {
  it('finishes what runs, leaves what waits in the books, and calls dispose() last', async () => {
    const converting = gate();
    const order: string[] = [];
    const slow = converter(
      async source => {
        order.push(`begin ${source.name}`);
        await converting.passed;
        order.push(`end ${source.name}`);
        return { text: source.name };
      },
      { name: 'b', dispose: () => void order.push('dispose') },
    );
    const pool = await station.start({
      concurrency: 1,
      converters: [{ converter: converter(echo) }, options('b', {}, { converter: slow })],
    });
    const begun = next(pool, 'converting');
    await station.drop('b/1.txt', 'runs');
    await begun;
    const queued = next(pool, 'queued', ({ path }) => path.endsWith('2.txt'));
    await station.drop('b/2.txt', 'waits');
    await queued;
    const removed = pool.removeConverter('b').then(() => order.push('removed'));
    await until(async () =>
      (await pool.explain(station.path('b/2.txt'))).includes('no converter of this pool watches'),
    );
    expect(order).toEqual(['begin 1.txt']);
    converting.open();
    await removed;
    expect(order).toEqual(['begin 1.txt', 'end 1.txt', 'dispose', 'removed']);
    await station.settled(pool);
    expect(await station.files('done/b')).toEqual(['1.txt']);
    expect(await station.files('b')).toEqual(['2.txt']);
    expect((await pool.audit()).totals).toMatchObject({ files: { completed: 1, discovered: 1 }, withoutConverter: 1 });

    await pool.addConverter(options('b'));
    await station.settled(pool);
    expect(await station.files('b')).toEqual([]);
    expect((await pool.audit()).totals).toMatchObject({ seen: 2, files: { completed: 2 }, withoutConverter: 0 });
  });

  it('leaves a suspended file in the pending folder; it goes on when the converter is back', async () => {
    const later = converter((_, context) => context.suspend('no limits yet', { retryAfterMs: 3_600_000 }), {
      name: 'b',
    });
    const pool = await station.start({ converters: [options('b', {}, { converter: later })] });
    await station.drop('b/1.txt', 'later');
    await until(async () => (await station.files('pending/b')).length === 1);
    await pool.removeConverter('b');
    expect(await pool.explain(station.path('b/1.txt'))).toMatch(
      /is suspended by 'b' .*no limits yet.*no converter 'b' is in this pool to go on/,
    );
    expect((await pool.audit()).differences).toEqual([]);
    await pool.addConverter(options('b'));
    expect(await pool.explain(station.path('b/1.txt'))).toContain("is suspended by 'b' until");
    // Its time has not come: not even the new converter gets it before.
    expect(station.reports()).toEqual([]);
  });

  it('delivers what was still on its way, and cleans up after it', async () => {
    const pool = await station.start({ converters: [options('b', {}, { postProcess: 'delete' })] });
    await station.server.down();
    const offline = next(pool, 'queuedOffline');
    await station.drop('b/1.txt', 'on its way');
    await offline;
    await pool.removeConverter('b');
    expect(await station.files('b')).toEqual(['1.txt']);
    const completed = next(pool, 'completed');
    await station.server.up();
    await completed;
    expect(await station.files('b')).toEqual([]);
    expect(texts()).toEqual(['on its way']);
    await station.settled(pool);
  });

  it('hands its folder to the converter that shares it', async () => {
    const shared = station.path('watch');
    const pool = await station.start({
      converters: [
        options('first', {}, { watchFolder: shared }),
        options('second', {}, { watchFolder: shared, doneFolder: station.path('done/second') }),
      ],
    });
    pool.pause();
    const queued = next(pool, 'queued');
    await station.drop('watch/1.txt', 'whose?');
    expect(await queued).toMatchObject({ converter: 'first' });
    await pool.removeConverter('first');
    const completed = next(pool, 'completed');
    pool.resume();
    expect(await completed).toMatchObject({ converter: 'second' });
    await station.settled(pool);
    expect((await pool.audit()).totals.seen).toBe(1);
  });

  it('leaves no watch and no timer behind', async () => {
    const pool = await station.start();
    const before = nativeWatches();
    await station.drop('b/sub/1.txt', 'b');
    for (let round = 0; round < 3; round++) {
      await pool.addConverter(options('b', {}, { recursive: true }));
      await until(() => nativeWatches() > before);
      await pool.removeConverter('b');
      await until(() => nativeWatches() === before);
    }
    await station.settled(pool);
  });

  it('lets go of a file that is still waited for', async () => {
    const pool = await station.start({ converters: [options('b', {}, { stabilityMs: 3_600_000 })] });
    const discovered = next(pool, 'discovered');
    await station.drop('b/1.txt', 'slowly written');
    await discovered;
    expect((await pool.items({ state: 'growing' })).items).toHaveLength(1);
    await pool.removeConverter('b');
    expect((await pool.items({ state: 'growing' })).items).toEqual([]);
    expect((await pool.audit()).totals).toMatchObject({ files: { discovered: 1 }, withoutConverter: 1 });
    await pool.addConverter(options('b'));
    await station.settled(pool);
    expect(texts()).toEqual(['slowly written']);
    expect((await pool.audit()).totals.seen).toBe(1);
  });

  it('is remembered by the books after a restart: the file is explained, and named by audit()', async () => {
    const first = await station.start({ converters: [options('b'), options('c')] });
    first.pause();
    const queued = next(first, 'queued');
    const path = await station.drop('b/1.txt', 'left behind');
    await queued;
    await first.stop();
    const second = await station.start({ converters: [options('c')] });
    expect(await second.explain(path)).toContain(
      `waits: no converter of this pool watches ${station.path('b')} any more`,
    );
    const { differences, totals } = await second.audit();
    expect(differences.map(({ kind, path: of }) => [kind, of])).toEqual([['without-converter', path]]);
    expect(totals.withoutConverter).toBe(1);
    await second.addConverter(options('b'));
    await station.settled(second);
    expect(texts()).toEqual(['left behind']);
  });

  it('refuses a name that the pool does not have', async () => {
    const pool = await station.start();
    await expect(pool.removeConverter('txet')).rejects.toThrow("no converter 'txet' is in this pool");
  });
});

describe('reload', () => {
  it('adds, removes and changes converters, and leaves those alone that stay the same', async () => {
    const disposed: string[] = [];
    const named = (name: string, fields: Fields = {}): ConverterOptions =>
      options(name, { dispose: () => void disposed.push(`${name} ${fields.version ?? '1.0.0'}`), ...fields });
    const same = named('same');
    const pool = await station.start({ converters: [same, named('changed'), named('removed')] });
    const result = await pool.reload({
      converters: [same, named('changed', { version: '2.0.0' }), named('added')],
      concurrency: 3,
      stationName: 'other',
    });
    expect(result).toEqual({
      added: ['added'],
      removed: ['removed'],
      changed: ['changed'],
      unchanged: ['same'],
      needRestart: ['concurrency', 'stationName'],
    });
    await until(() => disposed.length === 2);
    expect(disposed.sort()).toEqual(['changed 1.0.0', 'removed 1.0.0']);
    for (const name of ['same', 'changed', 'removed', 'added']) await station.drop(`${name}/1.txt`, name);
    await station.settled(pool);
    expect(texts()).toEqual(['added', 'changed', 'same']);
    expect(await station.files('removed')).toEqual(['1.txt']);
    await pool.stop();
    expect(disposed.sort()).toEqual(['added 1.0.0', 'changed 1.0.0', 'changed 2.0.0', 'removed 1.0.0', 'same 1.0.0']);
  });

  it('in the middle of a conversion: it is finished by the converter that began it, the next goes to the new one', async () => {
    const converting = gate();
    let disposed = false;
    const old = converter(
      async source => {
        await converting.passed;
        expect(disposed).toBe(false);
        return { text: `old ${source.name}` };
      },
      {
        name: 'b',
        dispose: () => {
          disposed = true;
        },
      },
    );
    const pool = await station.start({ concurrency: 1, converters: [options('b', {}, { converter: old })] });
    const begun = next(pool, 'converting');
    await station.drop('b/1.txt', '1');
    await begun;
    const queued = next(pool, 'queued', ({ path }) => path.endsWith('2.txt'));
    await station.drop('b/2.txt', '2');
    await queued;
    const young = converter(source => ({ text: `new ${source.name}` }), { name: 'b', version: '2.0.0' });
    await pool.reload({ converters: [options('b', {}, { converter: young, doneFolder: station.path('done/new') })] });
    converting.open();
    await station.settled(pool);
    expect(texts()).toEqual(['new 2.txt', 'old 1.txt']);
    expect(disposed).toBe(true);
    expect([await station.files('done/b'), await station.files('done/new')]).toEqual([['1.txt'], ['2.txt']]);
    expect((await pool.audit()).totals.seen).toBe(2);
  });

  it('with a new version or other arguments takes failed files up again', async () => {
    const bad = converter(
      () => {
        throw new FileFormatError('unknown format');
      },
      { name: 'b' },
    );
    const pool = await station.start({ converters: [options('b', {}, { converter: bad })] });
    const failed = next(pool, 'failed');
    await station.drop('b/1.txt', 'mended');
    await failed;
    await pool.reload({ converters: [options('b', {}, { arguments: { format: 2 } })] });
    await station.settled(pool);
    expect(texts()).toEqual(['mended']);
    expect(await station.files('error/b')).toEqual([]);
  });

  it('gives a file that fails for the time being, under the old converter, to the new one', async () => {
    const converting = gate();
    const flaky = converter(
      async () => {
        await converting.passed;
        throw Object.assign(new Error('no network'), { code: 'ECONNRESET' });
      },
      { name: 'b' },
    );
    const pool = await station.start({
      converters: [options('b', {}, { converter: flaky, retryDelayMs: 3_600_000 })],
    });
    const begun = next(pool, 'converting');
    await station.drop('b/1.txt', 'at last');
    await begun;
    await pool.reload({ converters: [options('b')] });
    converting.open();
    const completed = await next(pool, 'completed');
    expect(completed.path).toBe(station.path('b/1.txt'));
    await station.settled(pool);
    expect((await pool.items()).items).toMatchObject([{ attempts: 2, state: 'completed' }]);
  });

  it('changes how a folder is watched', async () => {
    const pool = await station.start({ converters: [options('b')] });
    await station.drop('b/sub/1.txt', 'deep');
    await pool.idle();
    expect(await pool.explain(station.path('b/sub/1.txt'))).toContain('recursive is off');
    const before = nativeWatches();
    await pool.reload({ converters: [options('b', {}, { recursive: true })] });
    await station.settled(pool);
    expect(texts()).toEqual(['deep']);
    expect(nativeWatches()).toBeGreaterThan(before);
  });

  it('that is invalid changes nothing', async () => {
    const steps: string[] = [];
    const kept = options('kept', { dispose: () => void steps.push('kept disposed') });
    const pool = await station.start({ converters: [kept] });
    const watches = nativeWatches();
    const good = options('good', {
      initialize: () => void steps.push('good initialised'),
      dispose: () => void steps.push('good disposed'),
    });
    const bad = options('bad', {
      initialize: () => {
        throw new Error('no licence');
      },
    });
    const wrong = [
      { converters: [good, options('wrong', {}, { priority: 0 })] },
      { converters: [good, options('good')] },
      { converters: 'none' as unknown as ConverterOptions[] },
      // There is no archive that it could go to.
      { converters: [good, options('archived', {}, { postProcess: 'archive' })] },
    ];
    for (const config of wrong) await expect(pool.reload(config)).rejects.toThrow(ConfigError);
    expect(steps).toEqual([]);
    await expect(pool.reload({ converters: [good, bad] })).rejects.toThrow('no licence');
    expect(steps).toEqual(['good initialised', 'good disposed']);
    expect(nativeWatches()).toBe(watches);
    await station.drop('kept/1.txt', 'goes on');
    await station.settled(pool);
    expect(texts()).toEqual(['goes on']);
  });

  it('does not hold up a stop while a converter initialises', async () => {
    const initializing = gate();
    const entered = gate();
    const disposed: string[] = [];
    const slow = options('slow', {
      initialize: () => {
        entered.open();
        return initializing.passed;
      },
      dispose: () => void disposed.push('slow'),
    });
    const pool = await station.start();
    const reloaded = pool.reload({ converters: [slow] }).catch((thrown: unknown) => thrown);
    await entered.passed;
    await pool.stop();
    initializing.open();
    expect(await reloaded).toBeInstanceOf(ServiceError);
    expect(disposed).toEqual(['slow']);
  });
});

it('under load, converters come, go and change, and nothing is lost or delivered twice', async () => {
  const files = amount({ quick: 60, usual: 150, soak: 3_000 });
  const rounds = amount({ quick: 3, usual: 6, soak: 100 });
  const slow = (name: string, version: string): ConverterBase =>
    converter(
      async source => {
        await new Promise(setImmediate);
        return { text: source.name, version };
      },
      { name, version },
    );
  const make = (name: string, version: string): ConverterOptions =>
    options(name, {}, { converter: slow(name, version) });
  const stays = make('a', '1.0.0');
  const pool = await station.start({ concurrency: 4, converters: [stays, make('b', '1.0.0'), make('c', '1.0.0')] });
  const dropping = (async () => {
    for (let index = 0; index < files; index++) {
      const name = 'abc'[index % 3] as string;
      await station.drop(`${name}/${index}.txt`, `${index}`);
    }
  })();
  for (let round = 2; round < 2 + rounds; round++) {
    await pool.reload({ converters: [stays, make('b', `${round}.0.0`)] });
    await pool.addConverter(make('c', `${round}.0.0`));
    await pool.removeConverter('b');
    await pool.reload({ converters: [stays, make('c', `${round}.1.0`), make('b', `${round}.0.0`)] });
  }
  await dropping;
  await station.settled(pool);
  expect(station.errors).toEqual([]);
  expect(texts()).toEqual(Array.from({ length: files }, (_, index) => `${index}.txt`).sort());
  expect((await pool.audit()).totals).toMatchObject({ files: { completed: files }, seen: files, withoutConverter: 0 });
}, 300_000);

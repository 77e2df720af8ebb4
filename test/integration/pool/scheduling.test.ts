/** Who is converted when: priorities, the limit of files at once, pause and resume. */
import { utimes } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { converter, gate, next, Station, until } from './support.js';

describe('priorities', () => {
  it('10 goes first and 1 last, first come first served within one, decided when a worker is free', async () => {
    const station = await Station.open();
    const order: string[] = [];
    const hold = gate();
    const lane = (name: string, priority: number) => ({
      converter: converter(
        async source => {
          order.push(source.name);
          if (source.name.startsWith('first')) await hold.passed;
          return { name: source.name };
        },
        { name, supportedExtensions: [`.${name}`], priority },
      ),
    });
    const pool = await station.start({
      concurrency: 1,
      converters: [lane('low', 1), lane('middle', 5), lane('high', 10)],
    });
    const busy = next(pool, 'converting');
    await station.drop('watch/first.low', '0');
    await busy;
    // The lowest ones were found first.
    const names = ['1.low', '2.low', '1.middle', '2.middle', '1.high', '2.high', '3.high'];
    for (const name of names) {
      const queued = next(pool, 'queued', ({ path }) => path.endsWith(name));
      await station.drop(`watch/${name}`, name);
      await queued;
    }
    hold.open();
    await station.settled(pool);
    expect(order).toEqual(['first.low', '1.high', '2.high', '3.high', '1.middle', '2.middle', '1.low', '2.low']);
  });

  it('what waits at the start goes oldest first, whatever the names', async () => {
    const station = await Station.open();
    const order: string[] = [];
    for (const [name, day] of [
      ['a.txt', 3],
      ['b.txt', 1],
      ['c.txt', 2],
    ] as const) {
      const time = new Date(Date.UTC(2026, 0, day));
      await utimes(await station.drop(`watch/${name}`, name), time, time);
    }
    const noting = converter(source => {
      order.push(source.name);
      return { name: source.name };
    });
    const pool = await station.start({ concurrency: 1, converters: [{ converter: noting }] });
    await station.settled(pool);
    expect(order).toEqual(['b.txt', 'c.txt', 'a.txt']);
  });

  it('the option of the pool wins over the converter', async () => {
    const station = await Station.open();
    const pool = await station.start({
      converters: [{ converter: converter(source => ({ name: source.name }), { priority: 2 }), priority: 9 }],
    });
    const queued = next(pool, 'queued');
    await station.drop('watch/a.txt', 'a');
    expect((await queued).priority).toBe(9);
  });
});

describe('at most so many files at once', () => {
  it.each([
    { concurrency: 3, expected: 3 },
    { concurrency: 500, expected: 50 },
  ])('$concurrency means $expected', async ({ concurrency, expected }) => {
    const station = await Station.open();
    const hold = gate();
    let working = 0;
    let most = 0;
    const busy = converter(async source => {
      working += 1;
      most = Math.max(most, working);
      await hold.passed;
      working -= 1;
      return { name: source.name };
    });
    for (let n = 0; n < expected + 20; n += 1) await station.drop(`watch/${n}.txt`, String(n));
    const pool = await station.start({ concurrency, converters: [{ converter: busy }] });
    await until(async () => working === expected && (await pool.items({ state: 'queued' })).items.length === 20);
    expect((await pool.statistics()).working).toBe(expected);
    hold.open();
    await station.settled(pool);
    expect(most).toBe(expected);
    expect(station.reports()).toHaveLength(expected + 20);
  });
});

describe('pause', () => {
  it('of one converter holds its files alone, and resume lets them go', async () => {
    const station = await Station.open();
    const named = (name: string) => ({
      converter: converter(source => ({ name: source.name }), { name, supportedExtensions: [`.${name}`] }),
    });
    const pool = await station.start({ converters: [named('a'), named('b')] });
    pool.pause('a');
    const queued = next(pool, 'queued', ({ converter: name }) => name === 'a');
    const completed = next(pool, 'completed');
    await station.drop('watch/1.a', '1');
    await station.drop('watch/2.b', '2');
    await Promise.all([queued, completed]);
    expect(station.reports()).toEqual([{ name: '2.b' }]);
    expect(await pool.explain(station.path('watch', '1.a'))).toContain("'a' is paused");
    pool.resume('a');
    await station.settled(pool);
    expect(station.reports()).toEqual([{ name: '2.b' }, { name: '1.a' }]);
  });

  it('of the pool holds all, and what runs goes on', async () => {
    const station = await Station.open();
    const hold = gate();
    const pool = await station.start({
      converters: [
        {
          converter: converter(async source => {
            await hold.passed;
            return { name: source.name };
          }),
        },
      ],
    });
    const converting = next(pool, 'converting');
    await station.drop('watch/1.txt', '1');
    await converting;
    pool.pause();
    const queued = next(pool, 'queued');
    await station.drop('watch/2.txt', '2');
    await queued;
    const completed = next(pool, 'completed');
    hold.open();
    await completed;
    expect(station.reports()).toEqual([{ name: '1.txt' }]);
    expect((await pool.statistics()).files).toMatchObject({ queued: 1, completed: 1 });
    pool.resume();
    await station.settled(pool);
    expect(station.reports()).toHaveLength(2);
  });
});

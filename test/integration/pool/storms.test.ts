/** Events that come in floods, get lost, or never come: still each file once. */
import { type FSWatcher, watch } from 'node:fs';
import { rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StartWatch } from 'millrace';
import { describe, expect, it } from 'vitest';
import { converter, echo, gate, next, Station, until } from './support.js';

/** Numbers of files; the full ones are for the soak run. */
const SOAK = process.env.MILLRACE_SOAK !== undefined;
const STORM = SOAK ? 10_000 : 600;
const SHARED = SOAK ? 2_000 : 300;

/** Watches one folder natively and passes on what `hears` lets through. Polling is done by hand, by hints for the folder. */
function hardOfHearing(hears: (native: boolean) => boolean): StartWatch {
  return ({ root, usePolling, onHint }) => {
    let closed = false;
    let watcher: FSWatcher | undefined;
    const poll = (): void => {
      if (closed) return;
      onHint(root);
      setTimeout(poll, 20);
    };
    if (usePolling) poll();
    else watcher = watch(root, (_event, name) => hears(true) && onHint(join(root, name ?? '')));
    return {
      ready: Promise.resolve(),
      close: async () => {
        closed = true;
        watcher?.close();
      },
    };
  };
}

async function each(count: number, task: (n: number) => Promise<unknown>): Promise<void> {
  for (let n = 0; n < count; n += 20) {
    await Promise.all(Array.from({ length: Math.min(20, count - n) }, (_, index) => task(n + index)));
  }
}

/** Every file's report, once. */
function expectOnce(station: Station, names: readonly string[]): void {
  expect(
    station
      .reports()
      .map(report => report.name)
      .sort(),
  ).toEqual([...names].sort());
}

describe('a storm', () => {
  it(`of ${STORM} files that are dropped, renamed twice and written to gives each report once`, async () => {
    const station = await Station.open();
    const pool = await station.start({
      converters: [{ converter: converter(echo), exclude: ['*-?.txt'], rescanIntervalMs: 200 }],
    });
    await each(STORM, async n => {
      const path = (name: string): string => station.path('watch', name);
      await writeFile(path(`${n}-1.txt`), `file ${n}`);
      await rename(path(`${n}-1.txt`), path(`${n}-2.txt`));
      await rename(path(`${n}-2.txt`), path(`${n}.txt`));
    });
    await station.settled(pool);
    expectOnce(
      station,
      Array.from({ length: STORM }, (_, n) => `${n}.txt`),
    );
  });

  it('of files that are renamed and removed while they rest: what is left is taken, and the books know the rest', async () => {
    const station = await Station.open();
    const pool = await station.start({ converters: [{ converter: converter(echo), stabilityMs: 400 }] });
    await each(90, async n => {
      const path = await station.drop(`watch/${n}.txt`, `file ${n}`);
      if (n % 3 === 1) await rename(path, station.path('watch', `renamed-${n}.txt`));
      if (n % 3 === 2) await unlink(path);
    });
    await station.settled(pool);
    const names = Array.from({ length: 90 }, (_, n) => n);
    expectOnce(station, [
      ...names.filter(n => n % 3 === 0).map(n => `${n}.txt`),
      ...names.filter(n => n % 3 === 1).map(n => `renamed-${n}.txt`),
    ]);
  });

  it('of rewrites while a file is converted: what was read is one report, what is there last is another', async () => {
    const station = await Station.open();
    const hold = gate();
    const slow = converter(async (source, context) => {
      const report = await echo(source, context);
      await hold.passed;
      return report;
    });
    const pool = await station.start({ converters: [{ converter: slow }] });
    const converting = next(pool, 'converting');
    await station.drop('watch/result.txt', 'cycle 1');
    await converting;
    for (let cycle = 2; cycle <= 30; cycle += 1) await station.drop('watch/result.txt', `cycle ${cycle}`);
    hold.open();
    await station.settled(pool);
    expect(station.reports().map(report => report.text)).toEqual(['cycle 1', 'cycle 30']);
  });

  it(`${SHARED} files, ten workers and a rescan every 50 ms deliver nothing twice`, async () => {
    const station = await Station.open();
    const pool = await station.start({ converters: [{ converter: converter(echo), rescanIntervalMs: 50 }] });
    await each(SHARED, n => station.drop(`watch/${n}.txt`, `file ${n}`));
    await station.settled(pool);
    expectOnce(
      station,
      Array.from({ length: SHARED }, (_, n) => `${n}.txt`),
    );
  });
});

describe('a watcher', () => {
  it('that loses 30 % of its events loses no file', async () => {
    const station = await Station.open();
    let events = 0;
    const startWatch = hardOfHearing(() => events++ % 10 >= 3);
    const pool = await station.start({
      startWatch,
      converters: [{ converter: converter(echo), rescanIntervalMs: 150, canaryIntervalMs: 0 }],
    });
    await each(200, n => station.drop(`watch/${n}.txt`, `file ${n}`));
    await until(() => station.reports().length === 200);
    await station.settled(pool);
    expectOnce(
      station,
      Array.from({ length: 200 }, (_, n) => `${n}.txt`),
    );
    expect(events).toBeGreaterThan(200);
  });

  it('that has died is found out by a probe, and the folder is polled', async () => {
    const station = await Station.open();
    let alive = true;
    const pool = station.pool({
      startWatch: hardOfHearing(() => alive),
      converters: [
        { converter: converter(echo), canaryIntervalMs: 30, canaryTimeoutMs: 200, rescanIntervalMs: 3_600_000 },
      ],
    });
    const degraded = next(pool, 'watcherDegraded');
    await pool.start();
    const completed = next(pool, 'completed');
    await station.drop('watch/a.txt', 'a');
    await completed;
    alive = false;
    expect(await degraded).toMatchObject({ error: { code: 'WATCH_FAILED' }, reason: expect.stringContaining('probe') });
    const second = next(pool, 'completed');
    await station.drop('watch/b.txt', 'b');
    await second;
    expect(pool.folders()).toMatchObject([{ mode: 'polling', reason: expect.stringContaining('probe') }]);
    await station.settled(pool);
    expect(await station.files('watch')).toEqual([]);
  });

  it('for which the system has no more watches: the folder is polled, and intake does not pause as for a full disk', async () => {
    const station = await Station.open();
    const poor: StartWatch = options => {
      const watching = hardOfHearing(() => true)(options);
      const limit = Object.assign(new Error('ENOSPC: System limit for number of file watchers reached, watch'), {
        code: 'ENOSPC',
        syscall: 'watch',
      });
      if (!options.usePolling) queueMicrotask(() => options.onProblem(limit));
      return watching;
    };
    const pool = station.pool({ startWatch: poor, converters: [{ converter: converter(echo), canaryIntervalMs: 0 }] });
    const degraded = next(pool, 'watcherDegraded');
    let low = 0;
    pool.on('diskLow', () => {
      low += 1;
    });
    await pool.start();
    expect((await degraded).reason).toContain('the disk is not full');
    const completed = next(pool, 'completed');
    await station.drop('watch/a.txt', 'a');
    await completed;
    expect(pool.folders()).toMatchObject([{ mode: 'polling' }]);
    expect(low).toBe(0);
  });

  it('is forced to poll where that is asked for', async () => {
    const station = await Station.open();
    const pool = await station.start({ converters: [{ converter: converter(echo), usePolling: true }] });
    expect(pool.folders()).toEqual([{ root: station.path('watch'), mode: 'polling', reason: 'usePolling is set' }]);
    const completed = next(pool, 'completed');
    await station.drop('watch/a.txt', 'a');
    await completed;
    await station.settled(pool);
  });
});

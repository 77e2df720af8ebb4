/** A volume that goes away under a running pool and comes back. Skipped where mounting is not allowed. */
import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { converter, echo, next, Station, until } from './support.js';

const mounted: string[] = [];
afterEach(() => {
  for (const folder of mounted.splice(0).reverse()) execFileSync('umount', ['-l', folder]);
});

function mount(args: readonly string[], folder: string): boolean {
  try {
    execFileSync('mount', [...args, folder], { stdio: 'ignore' });
  } catch {
    return false;
  }
  mounted.push(folder);
  return true;
}

function unmount(folder: string): void {
  execFileSync('umount', [folder]);
  mounted.splice(mounted.indexOf(folder), 1);
}

const kept = { converter: converter(echo), postProcess: 'keep', rescanIntervalMs: 100, canaryIntervalMs: 0 } as const;

describe('a watch folder on a volume', () => {
  it.for<[string, boolean]>([
    ['of its own', true],
    ['that is part of the same disk', false],
  ])('%s is missed while it is unmounted, and its return submits nothing twice', async ([, tmpfs], { skip }) => {
    const station = await Station.open();
    const volume = station.path('volume');
    const watch = station.path('watch');
    await mkdir(volume);
    if (tmpfs && !mount(['-t', 'tmpfs', 'tmpfs'], volume)) return skip('mounting is not allowed here');
    if (!mount(['--bind', volume], watch)) return skip('mounting is not allowed here');

    const pool = await station.start({ converters: [kept] });
    const first = next(pool, 'completed');
    await station.drop('watch/a.txt', 'a');
    await first;
    pool.pause();
    const queued = [next(pool, 'queued', ({ path }) => path.endsWith('b.txt'))];
    queued.push(next(pool, 'queued', ({ path }) => path.endsWith('c.txt')));
    await station.drop('watch/b.txt', 'b');
    await station.drop('watch/c.txt', 'c');
    await Promise.all(queued);

    const degraded = next(pool, 'watcherDegraded');
    unmount(watch);
    // An empty folder lies where the volume was.
    expect(await station.files('watch')).toEqual([]);
    expect(await degraded).toMatchObject({ folder: watch, reason: expect.stringContaining('not mounted') });
    expect(pool.folders()).toMatchObject([
      { root: watch, mode: 'away', reason: expect.stringContaining('not mounted') },
    ]);
    pool.resume();
    await until(async () => (await pool.items({ state: 'queued' })).items.length === 0);
    expect(await pool.explain(station.path('watch', 'x.txt'))).toContain('cannot be reached');
    expect((await pool.statistics()).files).toMatchObject({ completed: 1, skipped: 0, failed: 0 });

    const recovered = next(pool, 'watcherRecovered');
    const both = Promise.all(
      ['b.txt', 'c.txt'].map(name => next(pool, 'completed', ({ path }) => path.endsWith(name))),
    );
    expect(mount(['--bind', volume], watch)).toBe(true);
    await recovered;
    await both;
    expect(pool.folders()).toEqual([{ root: watch, mode: 'native' }]);
    const last = next(pool, 'completed');
    await station.drop('watch/d.txt', 'd');
    await last;
    await station.settled(pool);
    const names = station.reports().map(report => report.name);
    expect(names.sort()).toEqual(['a.txt', 'b.txt', 'c.txt', 'd.txt']);
    expect((await pool.statistics()).files).toMatchObject({ completed: 4, skipped: 0, discovered: 0 });
    expect(station.errors).toEqual([]);
  });
});

describe('a sentinel', () => {
  it('tells a folder from an empty one of the same name', async () => {
    const station = await Station.open();
    const pool = station.pool({ converters: [{ ...kept, sentinel: '.mounted' }] });
    const degraded = next(pool, 'watcherDegraded');
    await pool.start();
    expect((await degraded).reason).toContain('its sentinel .mounted cannot be found');
    const recovered = next(pool, 'watcherRecovered');
    const completed = next(pool, 'completed');
    await station.drop('watch/a.txt', 'a');
    await station.drop('watch/.mounted', '');
    await recovered;
    await completed;
    await station.settled(pool);
  });
});

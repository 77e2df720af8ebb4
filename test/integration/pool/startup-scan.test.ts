/** The scan of what is there at the start: caps that lose nothing, what cannot be read, and what flows at once. */
import type { Clock, FileSystem, ScanStatistics } from 'millrace';
import { FaultyFileSystem } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.js';
import { nodeFileSystem } from '../../../src/files/file-system.js';
import { converter, echo, gate, next, Station, type StationPoolOptions, until } from './support.js';

async function backlog(count: number): Promise<Station> {
  const station = await Station.open();
  for (let n = 0; n < count; n += 1) await station.drop(`watch/${n}.txt`, `content ${n}`);
  return station;
}

const withRescans = (options: StationPoolOptions): StationPoolOptions => ({
  converters: [{ converter: converter(echo), rescanIntervalMs: 200, canaryIntervalMs: 0 }],
  ...options,
});
const names = (station: Station) =>
  station
    .reports()
    .map(({ name }) => name)
    .sort();

describe('the startup scan', () => {
  it('counts a file that cannot be looked at, goes on with the others, and finds it later', async () => {
    const station = await backlog(3);
    const fs = new FaultyFileSystem();
    const target = station.path('watch', '1.txt');
    fs.fail({ operation: 'stat', path: path => path === target, code: 'EIO', times: 1 });
    const pool = station.pool(withRescans({ fs }));
    const scans: ScanStatistics[] = [];
    pool.on('scanCompleted', statistics => scans.push(statistics));
    await pool.start();
    await until(() => station.reports().length === 3);
    await station.settled(pool);
    expect(scans[0]).toMatchObject({ scanned: 3, queued: 2, skipped: 0, errors: 1 });
    expect(names(station)).toEqual(['0.txt', '1.txt', '2.txt']);
    expect(station.errors.map(error => (error as NodeJS.ErrnoException).code)).toEqual(['EIO']);
  });

  it('with a cap on files lets work begin there, and loses none of the others', async () => {
    const station = await backlog(7);
    const pool = await station.start({ startupScan: { maxFiles: 2 } });
    await station.settled(pool);
    expect(names(station)).toHaveLength(7);
  });

  it('that takes too long goes on beside the work', async () => {
    const station = await backlog(3);
    const hold = gate();
    const slow = station.path('watch', '1.txt');
    const fs: FileSystem = {
      ...nodeFileSystem,
      stat: async path => {
        if (path === slow) await hold.passed;
        return nodeFileSystem.stat(path);
      },
    };
    const pool = station.pool({ fs, startupScan: { timeoutMs: 20 } });
    const scanned = next(pool, 'scanCompleted');
    await pool.start();
    let over = false;
    void scanned.then(() => {
      over = true;
    });
    expect(pool.state).toBe('running');
    expect(over).toBe(false);
    hold.open();
    expect(await scanned).toMatchObject({ scanned: 3, queued: 3 });
    await station.settled(pool);
    expect(names(station)).toEqual(['0.txt', '1.txt', '2.txt']);
  });

  it('that is switched off leaves the backlog to the first rescan', async () => {
    const station = await backlog(2);
    const pool = await station.start(withRescans({ startupScan: { enabled: false } }));
    await until(() => station.reports().length === 2);
    await station.settled(pool);
  });

  it('lets files flow at once that have long been at rest, whatever their window', async () => {
    const station = await backlog(2);
    // An hour later, by this clock.
    const clock: Clock = { ...systemClock, now: () => Date.now() + 3_600_000 };
    const pool = station.pool({ clock, converters: [{ converter: converter(echo), stabilityMs: 120_000 }] });
    await pool.start();
    await station.settled(pool);
    expect(names(station)).toEqual(['0.txt', '1.txt']);
  });
});

/** A start with places that give no answer at all: it waits five seconds for them and no longer, and they are taken up by themselves. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { type AsyncConverterPool, type FileSystem, nodeFileSystem } from 'millrace';
import { ManualClock } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { converter, echo, gate, next, Station, until } from './support.js';

/** A file system whose every operation on certain places hangs until they answer. */
function hangingAt(isHanging: (path: string) => boolean): { fs: FileSystem; asked: string[]; answer: () => void } {
  const { passed, open } = gate();
  const asked: string[] = [];
  let answers = false;
  const fs = new Proxy(nodeFileSystem, {
    get:
      (target, name: keyof FileSystem) =>
      async (...args: unknown[]) => {
        const paths = args.filter(arg => typeof arg === 'string');
        if (!answers && paths.some(isHanging)) {
          asked.push(`${name} ${paths[0]}`);
          await passed;
        }
        return Reflect.apply(target[name] as (...args: unknown[]) => unknown, target, args);
      },
  });
  return {
    fs,
    asked,
    answer: () => {
      answers = true;
      open();
    },
  };
}

/** Turns the clock by five seconds once something hangs, and a little more than that for what may come after. */
async function fiveSeconds(clock: ManualClock, asked: string[]): Promise<void> {
  await until(() => asked.length > 0);
  await clock.advance(4_999);
}

describe('a data folder that gives no answer', () => {
  it.each([
    ['at all', (path: string) => basename(path) === 'state'],
    ['for its lock', (path: string) => basename(path).startsWith('lock')],
    ['for its ledger', (path: string) => basename(path).startsWith('ledger')],
  ])('%s makes a start fail after five seconds with an error that says what to do', async (_, isHanging) => {
    const station = await Station.open();
    const clock = new ManualClock();
    const { fs, asked, answer } = hangingAt(path => path.includes('state') && isHanging(path));
    const pool = station.pool({ fs, clock, queue: { clock } });
    let error: unknown;
    const started = pool.start().catch((thrown: unknown) => {
      error = thrown;
    });
    await fiveSeconds(clock, asked);
    expect(error).toBeUndefined();
    expect(pool.state).toBe('starting');
    await clock.advance(1);
    await started;
    expect(error).toMatchObject({
      name: 'StoreError',
      code: 'STORE_FAILED',
      message: expect.stringContaining('no answer within 5000 ms'),
      hints: [expect.stringContaining(station.path('state')), expect.any(String)],
    });
    expect(pool.state).toBe('stopped');
    answer();
  });
});

describe('any other place that gives no answer', () => {
  it.each([
    ['watch folder', 'watch'],
    ['done folder', 'Done'],
    ['error folder', 'Error'],
    ['pending folder', 'outbox'],
    ['archive', 'archive'],
  ])('%s: a start goes on without it after five seconds, and takes it up when it answers', async (_, place) => {
    const station = await Station.open();
    const clock = new ManualClock();
    const { fs, asked, answer } = hangingAt(path => path.startsWith(station.path(place)));
    const pool = station.pool({ fs, clock, queue: { clock }, ...(place === 'archive' ? archived(station) : {}) });
    await station.drop('watch/a.txt', 'a');
    const started = pool.start();
    await fiveSeconds(clock, asked);
    expect(pool.state).toBe('starting');
    await clock.advance(1);
    await started;
    expect(pool.state).toBe('running');
    answer();
    await flow(pool, clock, station, 1);
    expect(station.reports()).toEqual([{ name: 'a.txt', text: 'a' }]);
  });

  it('and all of them at once, with the server down: five seconds in all, the places are named, and all flows when they are back', async () => {
    const station = await Station.open();
    const first = await station.start();
    await station.server.down();
    await station.drop('watch/before.txt', 'before');
    await next(first, 'queuedOffline');
    await first.stop();
    await station.drop('watch/a.txt', 'a');

    const clock = new ManualClock();
    const { fs, asked, answer } = hangingAt(
      path => !path.startsWith(station.path('state')) && path.startsWith(station.root),
    );
    const pool = station.pool({ fs, clock, queue: { clock } });
    const away: string[] = [];
    pool.on('watcherDegraded', ({ folder }) => void away.push(folder));
    const started = pool.start();
    await fiveSeconds(clock, asked);
    await clock.advance(1);
    await started;
    expect(away.sort()).toEqual([station.path('Error'), station.path('watch')]);
    expect(pool.pending.state).toBe('offline');
    expect(pool.folders()).toMatchObject([{ root: station.path('watch'), mode: 'away' }]);
    answer();
    await until(async () => {
      await clock.advance(1_000);
      return (await station.files('Done')).length === 2;
    });
    await station.server.up();
    await flow(pool, clock, station, 2);
    expect(
      station
        .reports()
        .map(({ text }) => text)
        .sort(),
    ).toEqual(['a', 'before']);
    expect(station.server.duplicates).toBe(0);
  });
});

it('a start with everything gone, folders and server, goes on, and all flows by itself when they return one after the other', async () => {
  const station = await Station.open();
  const first = await station.start();
  await station.server.down();
  await station.drop('watch/before.txt', 'before');
  await next(first, 'queuedOffline');
  await first.stop();
  await station.drop('watch/a.txt', 'a');
  // Whatever is made in the place of a folder that went away fails, as below a mount point of somebody else's.
  const places = ['watch', 'Done', 'Error', 'outbox'];
  await mkdir(station.path('elsewhere'));
  for (const place of places) {
    await mkdir(station.path(place), { recursive: true });
    await rename(station.path(place), station.path('elsewhere', place));
    await station.drop(place, 'in the way');
  }
  const pool = await station.start({ probeIntervalMs: 20, queue: { probeIntervalMs: 20 } });
  expect(pool.state).toBe('running');
  expect(pool.pending.state).toBe('offline');
  for (const place of places) {
    await rm(station.path(place));
    await rename(station.path('elsewhere', place), station.path(place));
  }
  await until(async () => (await readdir(station.path('Done'))).length === 2);
  await station.server.up();
  await station.settled(pool);
  expect(
    station
      .reports()
      .map(({ text }) => text)
      .sort(),
  ).toEqual(['a', 'before']);
});

function archived(station: Station) {
  return {
    converters: [{ converter: converter(echo), archive: true, archiveFolder: station.path('archive') }],
  };
}

/** Turns the clock until so many reports have arrived and nothing moves; real file operations and requests go on in between. */
async function flow(pool: AsyncConverterPool, clock: ManualClock, station: Station, reports: number): Promise<void> {
  const turn = async (): Promise<void> => {
    await clock.advance(250);
    await new Promise(resolve => setTimeout(resolve, 1));
  };
  while (station.reports().length < reports) await turn();
  let settled = false;
  const done = station.settled(pool).finally(() => {
    settled = true;
  });
  while (!settled) await turn();
  await done;
}

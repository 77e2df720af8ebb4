import { rename, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileSystem, nodeFileSystem } from 'millrace';
import { describe, expect, it } from 'vitest';
import { temporaryFolders } from '../../support/temp-folder.js';
import { collect, LineConverter, Station } from './support.js';

const tempFolder = temporaryFolders();
const station = async (): Promise<Station> => new Station(join(await tempFolder(), 'station'));

describe('a file that is kept in place', () => {
  const KEEP = { converter: { postProcess: 'keep' } } as const;

  it('is delivered once over 1,000 rescans and 10 restarts', async () => {
    const one = await station();
    await one.drop('a.csv', 'a');
    for (let restart = 0; restart <= 10; restart++) {
      const pool = await one.open(KEEP);
      for (let rescan = 0; rescan < 100; rescan++) await pool.idle();
      if (restart === 10) expect((await pool.audit()).totals).toMatchObject({ seen: 1, files: { completed: 1 } });
      await pool.stop();
    }
    expect(one.lines).toEqual(['a']);
    expect(await one.names('watch')).toEqual(['a.csv']);
  });

  it('is a new generation with new content under the same name', async () => {
    const one = await station();
    const pool = await one.open(KEEP);
    for (const content of ['first', 'second', 'third']) {
      await one.drop('result.csv', content);
      await pool.idle();
    }
    expect(one.lines).toEqual(['first', 'second', 'third']);
    expect(new Set(one.deliveries.map(({ key }) => key)).size).toBe(3);
    expect((await pool.audit()).totals).toMatchObject({ seen: 3, files: { completed: 3 } });
  });

  it('is not delivered again when only its time has changed, or its name', async () => {
    const one = await station();
    const pool = await one.open(KEEP);
    const path = await one.drop('a.csv', 'a');
    await pool.idle();
    await utimes(path, new Date(), new Date('2026-01-01T00:00:00Z'));
    await pool.idle();
    await rename(path, one.at('b.csv'));
    await pool.idle();
    expect(one.lines).toEqual(['a']);
    expect((await pool.audit()).totals.files).toEqual({ completed: 1, skipped: 2 });
  });
});

describe('content that was delivered before', () => {
  it.each(['a.csv', 'other.csv'])('is skipped, cleaned up, evented and named when it comes again as %s', async name => {
    const one = await station();
    const pool = await one.open();
    const skipped = collect(pool, 'skipped');
    await one.drop('a.csv', 'a');
    await pool.idle();
    const path = await one.drop(name, 'a');
    await pool.idle();
    expect(one.lines).toEqual(['a']);
    expect(skipped).toMatchObject([{ path, duplicateOf: 'a.csv', reason: expect.stringContaining('a.csv') }]);
    expect(await one.names('watch')).toEqual([]);
    expect((await one.names('Done')).length).toBe(2);
    expect(await pool.explain(path)).toMatch(/was skipped on .*delivered before, as a\.csv/);
    expect((await pool.audit()).totals).toMatchObject({ seen: 2, reports: 1, files: { completed: 1, skipped: 1 } });
  });

  it('is known after a restart', async () => {
    const one = await station();
    await one.drop('a.csv', 'a');
    const first = await one.open();
    await first.idle();
    await first.stop();
    const second = await one.open();
    await one.drop('b.csv', 'a');
    await second.idle();
    expect(one.lines).toEqual(['a']);
  });

  it('is delivered once when 20 files bring it at the same time', async () => {
    const one = await station();
    const pool = await one.open({ concurrency: 20 });
    await Promise.all(Array.from({ length: 20 }, (_, index) => one.drop(`${index}.csv`, 'same')));
    await pool.idle();
    expect(one.lines).toEqual(['same']);
    expect((await pool.audit()).totals.files).toEqual({ completed: 1, skipped: 19 });
    expect((await one.names('Done')).length).toBe(20);
  });

  it('is not a duplicate while nothing was delivered of it: the first one failed', async () => {
    const one = await station();
    const pool = await one.open({ converter: { maxRetries: 0 } });
    await one.drop('a.csv', 'flaky');
    await pool.idle();
    one.converter.calm = true;
    await one.drop('b.csv', 'flaky');
    await pool.idle();
    expect(one.lines).toEqual(['flaky']);
  });
});

describe("duplicates: 'deliver'", () => {
  const DELIVER = { converter: { duplicates: 'deliver' } } as const;

  it('delivers each file under a key of its own', async () => {
    const one = await station();
    const pool = await one.open(DELIVER);
    for (const name of ['a.csv', 'a.csv', 'b.csv']) {
      await one.drop(name, 'same');
      await pool.idle();
    }
    expect(one.lines).toEqual(['same', 'same', 'same']);
    expect(new Set(one.deliveries.map(({ key }) => key)).size).toBe(3);
  });

  it('gives the second delivery the same key after a crash', async () => {
    const one = await station();
    const pool = await one.open(DELIVER);
    await one.drop('a.csv', 'same');
    await pool.idle();
    let snapshot = '';
    one.onSubmit = async () => {
      if (snapshot === '') snapshot = await one.snapshot();
    };
    await one.drop('b.csv', 'same');
    await pool.idle();
    await pool.stop();
    await one.restore(snapshot);
    const after = await one.open(DELIVER);
    await after.idle();
    const [first, second, third] = one.deliveries.map(({ key }) => key);
    expect(one.deliveries.length).toBe(3);
    expect(second).not.toBe(first);
    expect(third).toBe(second);
    expect((await after.audit()).totals).toMatchObject({ seen: 2, files: { completed: 2 } });
  });

  it('gives a file that is tried again a key of its own, though another one was delivered meanwhile', async () => {
    const one = await station();
    const pool = await one.open({ converter: { duplicates: 'deliver', retryDelayMs: 200 } });
    const retrying = collect(pool, 'retrying');
    pool.once('retrying', () => {
      one.converter.calm = true;
    });
    await one.drop('a.csv', 'flaky');
    const done = new Promise<void>(resolve => pool.once('retrying', () => resolve()));
    await done;
    await one.drop('b.csv', 'flaky');
    await pool.idle();
    expect(retrying.length).toBe(1);
    expect(one.lines).toEqual(['flaky', 'flaky']);
    expect(new Set(one.deliveries.map(({ key }) => key)).size).toBe(2);
  });
});

describe('two converters', () => {
  it('deliver the same content each', async () => {
    const one = await station();
    const pool = await one.open({ converter: { converter: new LineConverter({ name: 'one' }) } });
    await one.drop('a.csv', 'same');
    await pool.idle();
    await pool.stop();
    const other = await one.open({ converter: { converter: new LineConverter({ name: 'two' }) } });
    await one.drop('a.csv', 'same');
    await other.idle();
    expect(one.lines).toEqual(['same', 'same']);
    expect(new Set(one.deliveries.map(({ key }) => key)).size).toBe(2);
  });
});

it('is one file where a scan saw it just before it was delivered and deleted', async () => {
  const one = new Station(join(await tempFolder(), 'station'));
  let hear: (path: string) => void = () => undefined;
  let tellSeen: () => void = () => undefined;
  const seen = new Promise<void>(resolve => {
    tellSeen = resolve;
  });
  let goOn: () => void = () => undefined;
  const allowed = new Promise<void>(resolve => {
    goOn = resolve;
  });
  let looks = 0;
  const stat: FileSystem['stat'] = async path => {
    const found = await nodeFileSystem.stat(path);
    if (path === one.at('a.csv') && ++looks === 1) {
      tellSeen();
      await allowed;
    }
    return found;
  };
  const pool = await one.open({
    fs: { ...nodeFileSystem, stat },
    startWatch: ({ onHint }) => {
      hear = onHint;
      return { ready: Promise.resolve(), close: async () => undefined };
    },
    converter: { postProcess: 'delete', rescanIntervalMs: 20, canaryIntervalMs: 0 },
  });
  const completed = new Promise(resolve => pool.once('completed', resolve));
  const path = await one.drop('a.csv', 'a');
  await seen;
  hear(path);
  await completed;
  const scanned = new Promise(resolve => pool.once('scanCompleted', resolve));
  goOn();
  await scanned;
  await pool.idle();
  expect((await pool.items()).items).toMatchObject([{ path: 'a.csv', state: 'completed' }]);
  expect(await pool.explain(path)).toContain('was delivered by');
});

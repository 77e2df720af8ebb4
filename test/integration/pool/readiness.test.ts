/** When a file is whole: done-files, age, size, another program's hold, and the user's own word. */
import { appendFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConverterOptions, FileState, PostProcessAction, ReadyCandidate } from 'millrace';
import { FaultyFileSystem } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { converter, echo, gate, next, Station, type StationPoolOptions, until } from './support.js';

/** A pool with one converter, which is configured like this. */
function one(options: Partial<ConverterOptions>, pool: StationPoolOptions = {}): StationPoolOptions {
  return { ...pool, converters: [{ converter: converter(echo), rescanIntervalMs: 60_000, ...options }] };
}

const names = (station: Station): string[] =>
  station
    .reports()
    .map(report => report.name)
    .sort();

/** Resolves when a file is held for a reason that `explain()` names like this. */
async function waitsFor(pool: Awaited<ReturnType<Station['start']>>, path: string, reason: RegExp): Promise<void> {
  await until(async () => reason.test(await pool.explain(path)));
}

async function stateOf(pool: Awaited<ReturnType<Station['start']>>, path: string): Promise<FileState | undefined> {
  for (const state of ['growing', 'waiting'] as const) {
    const { items } = await pool.items({ state });
    if (items.some(item => path.endsWith(item.path))) return state;
  }
  return undefined;
}

describe('a done-file for each file', () => {
  it('lets its file through, and no other; it is never data, and leaves with its file', async () => {
    const station = await Station.open();
    const pool = await station.start(one({ doneFile: '{name}.ready' }));
    const alone = await station.drop('watch/alone.txt', 'alone');
    const a = await station.drop('watch/a.txt', 'a');
    await waitsFor(pool, a, /its done-file a\.txt\.ready has not come yet/);
    await waitsFor(pool, alone, /alone\.txt\.ready has not come/);
    expect(await stateOf(pool, a)).toBe('growing');
    // What may never come holds nobody up.
    await pool.idle();
    expect(station.reports()).toEqual([]);
    const completed = next(pool, 'completed');
    await station.drop('watch/a.txt.ready', '');
    await completed;
    expect(names(station)).toEqual(['a.txt']);
    expect(await station.files('watch')).toEqual(['alone.txt']);
    expect(await station.files('Done')).toEqual(['a.txt']);
    expect(await pool.explain(station.path('watch', 'b.txt.ready'))).toContain('does not exist');
  });

  it('that comes first survives until its file has come, also through scans', async () => {
    const station = await Station.open();
    await station.drop('watch/a.txt.ready', '');
    const pool = await station.start(one({ doneFile: '{name}.ready', include: ['**'] }));
    await pool.idle();
    expect(await station.files('watch')).toEqual(['a.txt.ready']);
    expect(await pool.explain(station.path('watch', 'a.txt.ready'))).toContain('it is a done-file');
    await station.drop('watch/a.txt', 'a');
    await next(pool, 'completed');
    expect(await station.files('watch')).toEqual([]);
    expect(names(station)).toEqual(['a.txt']);
  });

  it('is no data of another converter of the folder either', async () => {
    const station = await Station.open();
    const ready = converter(echo, { name: 'ready', supportedExtensions: ['.ready'] });
    const pool = await station.start({
      converters: [{ converter: converter(echo), doneFile: '{name}.ready' }, { converter: ready }],
    });
    await station.drop('watch/x.txt.ready', '');
    await pool.idle();
    expect(station.reports()).toEqual([]);
    expect(await station.files('watch')).toEqual(['x.txt.ready']);
  });

  it('is still there for a second attempt, and goes when that succeeds', async () => {
    const station = await Station.open();
    let there: string[] = [];
    const second = converter(async (source, context) => {
      there = await station.files('watch');
      if (context.attempt === 1) throw Object.assign(new Error('a bad moment'), { transient: true });
      return echo(source, context);
    });
    const pool = await station.start(one({ converter: second, doneFile: '{name}.ready' }));
    await station.drop('watch/a.txt.ready', '');
    await station.drop('watch/a.txt', 'a');
    await next(pool, 'completed');
    expect(there).toEqual(['a.txt', 'a.txt.ready']);
    expect(await station.files('watch')).toEqual([]);
  });

  it.each<[PostProcessAction, string[]]>([
    ['keep', ['a.txt', 'a.txt.ready']],
    ['delete', []],
    ['zip', []],
  ])('with %s leaves %j, and the file is converted once over many scans', async (postProcess, left) => {
    const station = await Station.open();
    const pool = await station.start(one({ postProcess, doneFile: '{name}.ready', rescanIntervalMs: 20 }));
    await station.drop('watch/a.txt', 'a');
    const completed = next(pool, 'completed');
    await station.drop('watch/a.txt.ready', '');
    await completed;
    for (let scan = 0; scan < 5; scan += 1) await next(pool, 'scanCompleted');
    await station.settled(pool);
    expect(names(station)).toEqual(['a.txt']);
    expect(await station.files('watch')).toEqual(left);
  });

  it('leaves with a file that failed, so that the next of its name waits for its own', async () => {
    const station = await Station.open();
    const bad = converter(() => Promise.reject(new Error('no')));
    const pool = await station.start(one({ converter: bad, maxRetries: 0, doneFile: '{name}.ready' }));
    const failed = next(pool, 'failed');
    await station.drop('watch/a.txt.ready', '');
    await station.drop('watch/a.txt', 'a');
    await failed;
    expect(await station.files('watch')).toEqual([]);
    const again = await station.drop('watch/a.txt', 'another');
    await waitsFor(pool, again, /its done-file/);
  });

  it('of a newer file of the same name stays with that', async () => {
    const station = await Station.open();
    const hold = gate();
    const slow = converter(async (source, context) => {
      await hold.passed;
      return echo(source, context);
    });
    const pool = await station.start(one({ converter: slow, doneFile: '{name}.ready' }));
    const converting = next(pool, 'converting');
    await station.drop('watch/a.txt.ready', '');
    await station.drop('watch/a.txt', 'first');
    await converting;
    // The next cycle of the tester begins before the first file has left.
    await station.drop('next.txt', 'second, longer');
    await rename(station.path('next.txt'), station.path('watch', 'a.txt'));
    await writeFile(station.path('watch', 'a.txt.ready'), 'second');
    hold.open();
    await station.settled(pool);
    expect(
      station
        .reports()
        .map(report => report.text)
        .sort(),
    ).toEqual(['first', 'second, longer']);
    expect(await station.files('watch')).toEqual([]);
  });

  it('may be named after the stem', async () => {
    const station = await Station.open();
    const pool = await station.start(one({ doneFile: '{stem}.done' }));
    await station.drop('watch/a.txt', 'a');
    const completed = next(pool, 'completed');
    await station.drop('watch/a.done', '');
    await completed;
    expect(await station.files('watch')).toEqual([]);
  });
});

describe('one done-file for a folder', () => {
  it('lets all its files through and goes with the last of them', async () => {
    const station = await Station.open();
    const pool = await station.start(one({ doneFile: 'READY', recursive: true }));
    for (const name of ['a', 'b', 'c']) await station.drop(`watch/lot-1/${name}.txt`, name);
    await station.drop('watch/lot-2/d.txt', 'd');
    await station.drop('watch/lot-1/notes.md', 'nobody converts this');
    await waitsFor(pool, station.path('watch', 'lot-1', 'c.txt'), /its done-file READY/);
    await station.drop('watch/lot-1/READY', '');
    await until(() => station.reports().length === 3);
    await pool.idle();
    expect(names(station)).toEqual(['a.txt', 'b.txt', 'c.txt']);
    expect(await station.files('watch')).toEqual([join('lot-1', 'notes.md'), join('lot-2', 'd.txt')]);
  });

  it('stays while a file of its folder could not be taken yet', async () => {
    const station = await Station.open();
    const hold = gate();
    const slow = converter(async (source, context) => {
      if (source.name === 'b.txt') await hold.passed;
      return echo(source, context);
    });
    const pool = await station.start(one({ converter: slow, doneFile: 'READY' }));
    const first = next(pool, 'completed');
    await station.drop('watch/a.txt', 'a');
    await station.drop('watch/b.txt', 'b');
    await station.drop('watch/READY', '');
    await first;
    expect(await station.files('watch')).toEqual(['READY', 'b.txt']);
    hold.open();
    await station.settled(pool);
    expect(await station.files('watch')).toEqual([]);
  });
});

describe('age and size', () => {
  it('a file is not taken before it has been known for minAgeMs, however old it says it is', async () => {
    const station = await Station.open();
    const minAgeMs = 400;
    const pool = await station.start(one({ minAgeMs }));
    const discovered = next(pool, 'discovered').then(() => performance.now());
    const queued = next(pool, 'queued').then(() => performance.now());
    await station.drop('watch/a.txt', 'a');
    const seenAt = await discovered;
    // The clocks are read after the fact: a few ms are nobody's fault.
    expect((await queued) - seenAt).toBeGreaterThan(minAgeMs - 50);
    await station.settled(pool);
    expect(names(station)).toEqual(['a.txt']);
  });

  it('a restart does not begin the age anew', async () => {
    const station = await Station.open();
    const options = one({ minAgeMs: 3_600_000 });
    const first = await station.start(options);
    const path = await station.drop('watch/a.txt', 'a');
    await waitsFor(first, path, /it was first seen \d+\.\d s ago and is taken when that is 3600\.0 s/);
    await first.stop();
    const second = station.pool({ ...options, converters: [{ converter: converter(echo), minAgeMs: 1 }] });
    await second.start();
    await station.settled(second);
    expect(names(station)).toEqual(['a.txt']);
    expect((await second.items()).items).toHaveLength(1);
  });

  it('an empty file is converted like any other, unless minSizeBytes says otherwise', async () => {
    const station = await Station.open();
    const pool = await station.start();
    await station.drop('watch/empty.txt', '');
    await station.settled(pool);
    expect(station.reports()).toEqual([{ name: 'empty.txt', text: '' }]);
  });

  it("'wait': a file that is too small waits for more, and is taken when that has come", async () => {
    const station = await Station.open();
    const pool = await station.start(one({ minSizeBytes: 3 }));
    const path = await station.drop('watch/a.txt', '');
    await waitsFor(pool, path, /it has 0 bytes, and minSizeBytes is 3/);
    await pool.idle();
    expect(station.reports()).toEqual([]);
    await appendFile(path, 'whole');
    await next(pool, 'completed');
    expect(station.reports()).toEqual([{ name: 'a.txt', text: 'whole' }]);
    await station.settled(pool);
  });

  it("'skip': it is cleaned up without a report", async () => {
    const station = await Station.open();
    const pool = await station.start(one({ minSizeBytes: 1, tooSmall: 'skip' }));
    const skipped = next(pool, 'skipped');
    await station.drop('watch/a.txt', '');
    expect(await skipped).toMatchObject({ reason: expect.stringContaining('0 bytes') });
    await station.settled(pool);
    expect(station.reports()).toEqual([]);
    expect(await station.files('Done')).toEqual(['a.txt']);
  });

  it("'fail': it goes to the error folder, and no converter sees it", async () => {
    const station = await Station.open();
    let conversions = 0;
    const counting = converter((source, context) => {
      conversions += 1;
      return echo(source, context);
    });
    const pool = await station.start(one({ converter: counting, minSizeBytes: 1, tooSmall: 'fail' }));
    const failed = next(pool, 'failed');
    await station.drop('watch/a.txt', '');
    expect((await failed).error).toMatchObject({ code: 'SOURCE_TOO_SMALL' });
    expect(await station.files('Error')).toEqual(['a.txt', 'a.txt.error']);
    expect(conversions).toBe(0);
    await station.settled(pool);
  });
});

describe('what others know of a file', () => {
  it('it waits while another program holds it open', async () => {
    const station = await Station.open();
    const fs = new FaultyFileSystem();
    const pool = await station.start(one({ exclusiveOpen: true }, { fs }));
    const fault = fs.fail({ operation: 'open', path: /a\.txt$/, code: 'EBUSY' });
    const path = await station.drop('watch/a.txt', 'a');
    await waitsFor(pool, path, /another program has it open/);
    fault.remove();
    await next(pool, 'completed');
    expect(fault.hits).toBeGreaterThan(0);
    await station.settled(pool);
  });

  it('readyWhen is asked until it says yes; what it throws is told of once and means no', async () => {
    const station = await Station.open();
    const asked: ReadyCandidate[] = [];
    const readyWhen = (file: ReadyCandidate): boolean => {
      asked.push(file);
      if (asked.length < 2) throw new Error('the database is away');
      return asked.length > 2;
    };
    const pool = await station.start(one({ readyWhen }));
    const completed = next(pool, 'completed');
    const path = await station.drop('watch/a.txt', 'text');
    await waitsFor(pool, path, /readyWhen threw: the database is away/);
    await waitsFor(pool, path, /readyWhen says not yet/);
    await completed;
    expect(asked.length).toBe(3);
    expect(asked[0]).toMatchObject({ path, name: 'a.txt', size: 4 });
    expect(asked[0]?.firstSeenAt).toBeInstanceOf(Date);
    expect(station.errors.map(error => error.message)).toEqual(['the database is away']);
  });

  it('also for files that were there long before the start', async () => {
    const station = await Station.open();
    await station.drop('watch/a.txt', 'a');
    // What is at rest for two seconds does not have to rest again.
    await new Promise(resolve => setTimeout(resolve, 2_100));
    let ready = false;
    const pool = await station.start(one({ readyWhen: () => ready }));
    await waitsFor(pool, station.path('watch', 'a.txt'), /readyWhen says not yet/);
    ready = true;
    await next(pool, 'completed');
    expect(names(station)).toEqual(['a.txt']);
  });
});

describe('giving up', () => {
  it('a file that is not whole in time is waiting: told of once, no error, and taken when it is', async () => {
    const station = await Station.open();
    const pool = await station.start(one({ doneFile: '{name}.ready', readyTimeoutMs: 50 }));
    const told: string[] = [];
    pool.on('waiting', ({ reason }) => told.push(reason));
    const path = await station.drop('watch/a.txt', 'a');
    await until(async () => (await stateOf(pool, path)) === 'waiting');
    expect(await pool.explain(path)).toMatch(
      /is waiting: its done-file a\.txt\.ready has not come yet, for \d+ s already/,
    );
    expect((await pool.statistics()).files.waiting).toBe(1);
    await pool.idle();
    expect(told).toEqual(['its done-file a.txt.ready has not come yet']);
    const completed = next(pool, 'completed');
    await station.drop('watch/a.txt.ready', '');
    await completed;
    expect(station.errors).toEqual([]);
    await station.settled(pool);
  });

  it('a file that is written to without end is waiting, and taken whole when that ends', async () => {
    const station = await Station.open();
    const pool = await station.start(one({ stabilityMs: 500, readyTimeoutMs: 100 }));
    const waiting = next(pool, 'waiting');
    const path = await station.drop('watch/a.txt', '');
    let lines = 0;
    let told = false;
    void waiting.then(() => {
      told = true;
    });
    while (!told || lines < 3) {
      await appendFile(path, `line ${lines++}\n`);
      await new Promise(resolve => setTimeout(resolve, 20));
    }
    expect(await waiting).toMatchObject({ path, reason: expect.stringContaining('has to rest for 0.5 s') });
    expect(station.reports()).toEqual([]);
    await next(pool, 'completed');
    expect(station.reports()[0]?.text.split('\n').length).toBe(lines + 1);
  });

  it('a file that is removed while it waits is skipped', async () => {
    const station = await Station.open();
    const pool = await station.start(one({ doneFile: '{name}.ready' }));
    const path = await station.drop('watch/a.txt', 'a');
    await waitsFor(pool, path, /its done-file/);
    const skipped = next(pool, 'skipped');
    await unlink(path);
    expect(await skipped).toMatchObject({ path, reason: expect.stringContaining('removed') });
    await rm(station.path('watch', 'a.txt.ready'), { force: true });
    await station.settled(pool);
  });
});

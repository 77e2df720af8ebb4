/** Writers that pause for longer than any window: what was taken too early is noticed, converted whole, and named. */
import { appendFile, type FileHandle, mkdir, open } from 'node:fs/promises';
import { FaultyFileSystem } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { converter, echo, gate, next, Station } from './support.js';

/** Fails on a file that has not its last line. */
const strict = converter(async (source, context) => {
  if (!(await source.text()).endsWith('end')) throw new Error('the file ends too early');
  return echo(source, context);
});

describe('a file that goes on after it was delivered', () => {
  it('is another generation, also where it was moved to; its report supersedes the first, and both are named', async () => {
    const station = await Station.open();
    const pool = await station.start();
    const completed = next(pool, 'completed');
    const superseded = next(pool, 'superseded');
    const path = station.path('watch', 'slow.txt');
    const writer = await open(path, 'w');
    await writer.write('first half');
    const { correlationId, reports } = await completed;
    await writer.write(', second half');
    await writer.close();
    const event = await superseded;
    await station.settled(pool);

    expect(station.reports().map(report => report.text)).toEqual(['first half', 'first half, second half']);
    const { items } = await pool.items();
    expect(items.map(item => [item.path, item.state])).toEqual([
      ['slow.txt', 'completed'],
      ['slow.txt', 'completed'],
    ]);
    const [first, second] = items;
    expect(second?.supersedes).toBe(first?.id);
    expect(event.earlier).toEqual({ correlationId, reports: reports.map(({ id }) => id) });
    expect(event.reports).toEqual([station.server.reports[1]?.idempotencyKey]);
    const told = station.server.requests.map(({ headers }) => headers['x-supersedes']);
    expect(told).toEqual([undefined, station.server.reports[0]?.idempotencyKey]);
    expect(await pool.explain(path)).toContain(`supersedes what was delivered of its first part (file ${first?.id}`);
    expect(await station.files('Done')).toEqual(['slow.txt']);
    expect(await station.read('Done/slow.txt')).toBe('first half, second half');
  });

  // Windows removes no file that somebody writes.
  it.skipIf(process.platform === 'win32')(
    'the same where the source was deleted, zipped or copied to another volume: nothing that was written is lost',
    async () => {
      const station = await Station.open();
      const fs = new FaultyFileSystem();
      const actions = ['delete', 'zip', 'move'] as const;
      fs.fail({ operation: 'link', path: path => path === station.path('move', 'watch', 'slow.txt'), code: 'EXDEV' });
      for (const action of actions) await mkdir(station.path(action, 'watch'), { recursive: true });
      const pool = await station.start({
        fs,
        converters: actions.map(postProcess => ({
          converter: converter(echo, { name: postProcess }),
          watchFolder: station.path(postProcess, 'watch'),
          postProcess,
        })),
      });
      const writers: FileHandle[] = [];
      const completed = actions.map(action => next(pool, 'completed', event => event.converter === action));
      const superseded = actions.map(action => next(pool, 'superseded', event => event.converter === action));
      for (const action of actions) {
        const writer = await open(station.path(action, 'watch', 'slow.txt'), 'w');
        writers.push(writer);
        await writer.write('first half');
      }
      const first = await Promise.all(completed);
      for (const writer of writers) {
        await writer.write(', second half');
        await writer.close();
      }
      const events = await Promise.all(superseded);
      await station.settled(pool);

      expect(events.map(({ earlier }) => earlier.reports)).toEqual(first.map(({ reports }) => reports.map(r => r.id)));
      const texts = station.reports().map(({ text }) => text);
      expect(texts.toSorted()).toEqual([
        ...actions.map(() => 'first half'),
        ...actions.map(() => 'first half, second half'),
      ]);
      expect(await station.files('delete')).toEqual([]);
      expect(await station.files('zip')).toEqual(['Done/slow.txt.zip', 'Done/slow.txt_1.zip']);
      expect(await station.files('move')).toEqual(['Done/slow.txt', 'Done/slow_1.txt']);
      expect(await station.read('move/Done/slow_1.txt')).toBe('first half, second half');
      expect(station.errors).toEqual([]);
    },
  );

  it.skipIf(process.platform === 'win32')(
    'and what came after the last look of a pool is in hand at the next start',
    async () => {
      const station = await Station.open();
      const options = { converters: [{ converter: converter(echo), postProcess: 'delete' as const }] };
      const pool = await station.start(options);
      const completed = next(pool, 'completed');
      const writer = await open(station.path('watch', 'slow.txt'), 'w');
      await writer.write('first half');
      await completed;
      await writer.write(', second half');
      await writer.close();
      await pool.stop();
      expect(await station.files('Pending')).toEqual(['slow.txt']);
      const again = await station.start(options);
      await station.settled(again);
      expect(station.reports().map(({ text }) => text)).toEqual(['first half', 'first half, second half']);
      const [first, second] = (await again.items()).items;
      expect(second?.supersedes).toBe(first?.id);
      expect(await station.files('Pending')).toEqual([]);
    },
  );

  it('the same for a file that is kept', async () => {
    const station = await Station.open();
    const pool = await station.start({ converters: [{ converter: converter(echo), postProcess: 'keep' }] });
    const completed = next(pool, 'completed');
    const path = await station.drop('watch/log.txt', 'line 1\n');
    await completed;
    const superseded = next(pool, 'superseded');
    await appendFile(path, 'line 2\n');
    expect(await superseded).toMatchObject({ path });
    await station.settled(pool);
    expect(station.reports()).toHaveLength(2);
  });

  it('but another content of the same name supersedes nothing', async () => {
    const station = await Station.open();
    const pool = await station.start({ converters: [{ converter: converter(echo), postProcess: 'keep' }] });
    let superseded = 0;
    pool.on('superseded', () => {
      superseded += 1;
    });
    for (const text of ['cycle 1', 'a longer cycle 2', 'cycle 3, which is the longest']) {
      await station.drop('watch/result.txt', text);
      await station.settled(pool);
    }
    expect(station.reports()).toHaveLength(3);
    expect(superseded).toBe(0);
  });
});

describe('a report that supersedes another and waits for the server', () => {
  it('says so when it is sent, also after a restart', async () => {
    const station = await Station.open();
    const options = { converters: [{ converter: converter(echo), postProcess: 'keep' as const }] };
    const pool = await station.start(options);
    const completed = next(pool, 'completed');
    const path = await station.drop('watch/log.txt', 'line 1\n');
    await completed;
    await station.server.down();
    const superseded = next(pool, 'superseded');
    await appendFile(path, 'line 2\n');
    await superseded;
    await pool.stop();
    await station.server.up();
    await station.settled(await station.start(options));
    const [first, second] = station.server.requests;
    expect(second?.headers['x-supersedes']).toBe(first?.headers['idempotency-key']);
  });
});

describe('a file that goes on before it was delivered', () => {
  it('while it is converted is converted again as a whole, and nothing is sent of the half', async () => {
    const station = await Station.open();
    const hold = gate();
    const slow = converter(async (source, context) => {
      const report = await echo(source, context);
      await hold.passed;
      return report;
    });
    const pool = await station.start({ converters: [{ converter: slow }] });
    const converting = next(pool, 'converting');
    const path = await station.drop('watch/a.txt', 'first half');
    await converting;
    await appendFile(path, ', second half');
    hold.open();
    await station.settled(pool);
    expect(station.reports()).toEqual([{ name: 'a.txt', text: 'first half, second half' }]);
    const { items } = await pool.items();
    expect(items.map(item => [item.state, item.attempts])).toEqual([['completed', 1]]);
  });

  it('and after it failed for that is taken up again by itself', async () => {
    const station = await Station.open();
    const pool = await station.start({ converters: [{ converter: strict, maxRetries: 0 }] });
    const failed = next(pool, 'failed');
    const completed = next(pool, 'completed');
    const writer = await open(station.path('watch', 'a.txt'), 'w');
    await writer.write('beginning, ');
    await failed;
    await writer.write('end');
    await writer.close();
    await completed;
    await station.settled(pool);
    expect(station.reports()).toEqual([{ name: 'a.txt', text: 'beginning, end' }]);
    expect(await station.files('Error')).toEqual([]);
    expect(await station.files('Done')).toEqual(['a.txt']);
  });
});

/** A station whose server or folders are away: it starts cleanly, loses nothing, says what waits, and goes on by itself. */
import type { FileSystem } from 'millrace';
import { nodeFileSystem } from 'millrace';
import { FaultyFileSystem } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { converter, echo, next, Station, until } from './support.js';

async function waiting(pool: Awaited<ReturnType<Station['start']>>): Promise<string[]> {
  return (await pool.items({ state: 'waiting_for_network' })).items.map(item => item.path);
}

describe('a pool whose server is away', () => {
  it('starts with files waiting, converts them into the queue, and delivers them when the server is back', async () => {
    const station = await Station.open();
    await station.drop('watch/a.txt', 'a');
    await station.drop('watch/b.txt', 'b');
    await station.server.down();
    const pool = await station.start();
    await until(async () => (await station.files('Done')).length === 2);
    expect(pool.pending.size).toBe(2);
    expect((await pool.items({ state: 'delivering' })).items).toHaveLength(2);
    expect(await pool.explain(station.path('watch', 'a.txt'))).toContain('its report waits in the pending queue');
    await station.server.up();
    await station.settled(pool);
    expect(
      station
        .reports()
        .map(report => report.text)
        .sort(),
    ).toEqual(['a', 'b']);
  });

  it('holds files where they are with offlinePolicy hold, lists them, and takes them when the server is back', async () => {
    const station = await Station.open();
    await station.server.down();
    const pool = await station.start({ offlinePolicy: 'hold', concurrency: 1 });
    const offline = new Promise(resolve => pool.pending.once('offline', resolve));
    await station.drop('watch/first.txt', 'first');
    await offline;
    await station.drop('watch/second.txt', 'second');
    await until(async () => (await waiting(pool)).includes('second.txt'));
    expect(await station.files('watch')).toContain('second.txt');
    expect(await pool.explain(station.path('watch', 'second.txt'))).toContain('cannot be reached');
    await station.server.up();
    await station.settled(pool);
    expect(
      station
        .reports()
        .map(report => report.text)
        .sort(),
    ).toEqual(['first', 'second']);
  });

  it('pauses intake at the high mark of the queue, drops nothing, and goes on at the low mark', async () => {
    const station = await Station.open();
    await station.server.down();
    const pool = await station.start({ concurrency: 2, queue: { maxSize: 10 } });
    const high = new Promise<void>(resolve => pool.pending.on('pressure', event => event.high && resolve()));
    for (let i = 0; i < 30; i++) await station.drop(`watch/${i}.txt`, `unit ${i}`);
    await high;
    await until(async () => (await pool.statistics()).working === 0);
    expect(pool.pending.size).toBeLessThanOrEqual(10);
    await station.server.up();
    await station.settled(pool);
    expect(new Set(station.reports().map(report => report.text)).size).toBe(30);
    expect(station.server.reports).toHaveLength(30);
  });

  it('keeps a source in the watch folder with DELETE until the server has its report, also over a restart', async () => {
    const station = await Station.open();
    const converters = [{ converter: converter(echo), postProcess: 'delete' as const }];
    await station.server.down();
    const pool = await station.start({ converters });
    await station.drop('watch/a.txt', 'a');
    await next(pool, 'queuedOffline');
    await pool.stop();
    expect(await station.files('watch')).toEqual(['a.txt']);
    await station.server.up();
    const again = await station.start({ converters });
    await station.settled(again);
    expect(station.server.reports).toHaveLength(1);
    expect(await station.files('watch')).toEqual([]);
  });
});

describe('a report that the server refuses', () => {
  it('later: the source goes from Done to Error with the words of the server, and back when it is accepted after all', async () => {
    const station = await Station.open();
    await station.server.down();
    const pool = await station.start();
    await station.drop('watch/a.txt', 'a');
    await until(async () => (await station.files('Done')).length === 1);
    station.server.behave = () => ({ status: 400, body: { message: 'processCode 9999 does not exist' } });
    await station.server.up();
    const { error, target } = await next(pool, 'failed');
    expect(error.message).toContain('processCode 9999 does not exist');
    expect(target).toBe(station.path('Error', 'a.txt'));
    expect(await station.files('Done')).toEqual([]);
    expect(JSON.parse(await station.read('Error/a.txt.error'))).toMatchObject({
      code: 'SUBMIT_REFUSED',
      file: 'a.txt',
    });
    station.server.behave = () => undefined;
    expect(await pool.pending.retryFailed()).toBe(1);
    await station.settled(pool);
    expect(await station.files('Error')).toEqual([]);
    expect(await station.files('Done')).toEqual(['a.txt']);
    expect(station.server.reports).toHaveLength(1);
  });

  it('at once, as one of several: the file fails whole, and is delivered whole when the refused one is accepted', async () => {
    const station = await Station.open();
    const three = converter(async () => [{ n: 1 }, { n: 2 }, { n: 3 }]);
    const pool = await station.start({ converters: [{ converter: three }] });
    station.server.behave = request =>
      (request.body as { n: number }).n === 2 ? { status: 422, body: 'no' } : undefined;
    const failed = next(pool, 'failed');
    await station.drop('watch/a.txt', 'a');
    await failed;
    expect(await station.files('Error')).toEqual(['a.txt', 'a.txt.error']);
    station.server.behave = () => undefined;
    const completed = next(pool, 'completed');
    // The pool is told of a refusal before the queue has put the report aside.
    await until(async () => (await pool.pending.retryFailed()) === 1);
    await completed;
    await pool.idle();
    expect((await pool.audit()).differences).toEqual([]);
    expect(await station.files('Done')).toEqual(['a.txt']);
    const keys = new Map(
      station.server.reports.map(report => [report.idempotencyKey, (report.body as { n: number }).n]),
    );
    expect([...keys.values()].sort()).toEqual([1, 2, 3]);
  });

  it('because of our credentials: nothing is burned, the sender stops and says so, and goes on by itself', async () => {
    const station = await Station.open();
    let allowed = false;
    station.server.behave = () => (allowed ? undefined : { status: 401, body: 'who are you?' });
    const pool = await station.start({ queue: { probeIntervalMs: 50 } });
    await station.drop('watch/a.txt', 'a');
    await next(pool, 'queuedOffline');
    await until(() => pool.pending.state === 'offline');
    expect(pool.pending.list().items[0]?.attempts).toBe(0);
    allowed = true;
    await station.settled(pool);
    expect(station.server.reports).toHaveLength(1);
  });
});

describe('a pool whose folders are away', () => {
  it('shows ready files as waiting_for_network and takes them up when the done folder is back', async () => {
    const station = await Station.open();
    const fs = new FaultyFileSystem();
    fs.fail({ operation: ['mkdir', 'link', 'open', 'rename'], path: /Done/, code: 'EIO' });
    const pool = await station.start({ fs, probeIntervalMs: 50 });
    await station.drop('watch/a.txt', 'a');
    await until(async () => (await waiting(pool)).includes('a.txt'));
    expect(station.server.reports).toHaveLength(0);
    const recovered = next(pool, 'watcherRecovered');
    fs.heal();
    await recovered;
    await station.settled(pool);
    expect(await station.files('Done')).toEqual(['a.txt']);
  });

  it('cleans up alone, without converting or submitting again, when the done folder goes away in the middle', async () => {
    const station = await Station.open();
    const fs = new FaultyFileSystem();
    let conversions = 0;
    const counting = converter(async source => {
      conversions += 1;
      fs.fail({ operation: ['mkdir', 'link', 'open', 'rename'], path: /Done/, code: 'EIO' });
      return { name: source.name };
    });
    const pool = await station.start({ fs, probeIntervalMs: 50, converters: [{ converter: counting }] });
    const degraded = next(pool, 'watcherDegraded');
    await station.drop('watch/a.txt', 'a');
    await degraded;
    fs.heal();
    await station.settled(pool);
    expect(conversions).toBe(1);
    expect(station.server.requests).toHaveLength(1);
    expect(await station.files('Done')).toEqual(['a.txt']);
  });

  it('starts within the time of its probes when a share hangs, and works as soon as the share answers', async () => {
    const station = await Station.open();
    let answer = (): void => undefined;
    const hanging = new Promise<void>(resolve => {
      answer = resolve;
    });
    const fs: FileSystem = {
      ...nodeFileSystem,
      mkdir: async (path, options) => {
        if (path.includes('Error')) await hanging;
        return nodeFileSystem.mkdir(path, options);
      },
    };
    const pool = await station.start({ fs, probeIntervalMs: 50 });
    await station.drop('watch/a.txt', 'a');
    await until(async () => (await waiting(pool)).includes('a.txt'));
    answer();
    await station.settled(pool);
    expect(station.server.reports).toHaveLength(1);
  });

  it('never reads a watch folder that went away as files that were deleted', async () => {
    const station = await Station.open();
    const pool = await station.start();
    pool.pause();
    await station.drop('watch/a.txt', 'a');
    await next(pool, 'queued');
    const { rename } = await import('node:fs/promises');
    await rename(station.path('watch'), station.path('elsewhere'));
    pool.resume();
    await until(
      async () => (await pool.statistics()).working === 0 && (await pool.items({ state: 'queued' })).items.length === 0,
    );
    expect((await pool.items({ state: 'skipped' })).items).toEqual([]);
    const recovered = next(pool, 'watcherRecovered');
    await rename(station.path('elsewhere'), station.path('watch'));
    await recovered;
    await station.settled(pool);
    expect(station.server.reports).toHaveLength(1);
  });
});

/** Every reason of health: when it comes, with what value, and that it goes again. */
import { writeFile } from 'node:fs/promises';
import { ArchiveStorage, type Health, type HealthOptions, type HealthReasonCode, prometheusText } from 'millrace';
import { FaultyFileSystem } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { converter, echo, gate, next, Station, type StationPoolOptions, until } from '../pool/support.js';

async function station(health: HealthOptions, options: StationPoolOptions = {}) {
  const place = await Station.open();
  const pool = await place.start({ health, ...options });
  const reason = async (code: HealthReasonCode): Promise<Health['reasons'][number] | undefined> =>
    (await pool.health()).reasons.find(one => one.code === code);
  const healthyAgain = async (): Promise<void> => {
    await pool.idle();
    expect(await pool.health()).toEqual({ status: 'healthy', reasons: [] });
  };
  return { place, pool, reason, healthyAgain };
}

describe('health', () => {
  it('tells a backlog, and that the host has paused', async () => {
    const { place, pool, reason, healthyAgain } = await station({ backlog: 2 });
    pool.pause();
    expect(await pool.health()).toMatchObject({ status: 'degraded', reasons: [{ code: 'PAUSED' }] });
    for (const name of ['1', '2', '3']) {
      const queued = next(pool, 'queued');
      await place.drop(`watch/${name}.txt`, name);
      await queued;
    }
    expect(await reason('BACKLOG')).toMatchObject({ severity: 'degraded', value: 3, threshold: 2 });
    pool.resume();
    await healthyAgain();
    pool.pending.pause();
    expect(await reason('PAUSED')).toMatchObject({ value: 'sending' });
    pool.pending.resume();
  });

  it('tells the share of files that failed, from ten files on', async () => {
    const picky = converter(async source => {
      if (source.name.startsWith('bad')) throw new Error('no');
      return { name: source.name };
    });
    const { place, pool, reason } = await station({ errorRate: 0.3 }, { converters: [{ converter: picky }] });
    for (let n = 0; n < 4; n++) await place.drop(`watch/bad-${n}.txt`, `bad ${n}`);
    await pool.idle();
    expect(await reason('ERROR_RATE')).toBeUndefined();
    for (let n = 0; n < 6; n++) await place.drop(`watch/good-${n}.txt`, `good ${n}`);
    await pool.idle();
    expect(await reason('ERROR_RATE')).toMatchObject({
      severity: 'degraded',
      value: 0.4,
      threshold: 0.3,
      message: '40 % of the last 10 files failed',
    });
  });

  it('tells a slow server', async () => {
    const slow = () => new Promise<undefined>(resolve => setTimeout(() => resolve(undefined), 30));
    const { place, pool, reason } = await station({ apiLatencyMs: 5 }, { queue: { submitter: slow } });
    expect(await reason('API_LATENCY')).toBeUndefined();
    await place.drop('watch/1.txt', '1');
    await pool.idle();
    expect(await reason('API_LATENCY')).toMatchObject({ threshold: 5, value: expect.any(Number) });
  });

  it('tells the oldest that is not delivered, and a breaker that is open', async () => {
    const { place, pool, reason, healthyAgain } = await station({ oldestUndeliveredMs: 1 });
    await place.server.down();
    const waits = next(pool, 'queuedOffline');
    await place.drop('watch/1.txt', '1');
    await waits;
    await until(async () => (await reason('OLDEST_UNDELIVERED')) !== undefined);
    expect(await reason('BREAKER_OPEN')).toMatchObject({ severity: 'degraded' });
    await place.server.up();
    await healthyAgain();
  });

  it('tells a server that refuses us, without hammering it', async () => {
    const { place, pool, reason } = await station({});
    place.server.respondWith({ status: 401 });
    const waits = next(pool, 'queuedOffline');
    await place.drop('watch/1.txt', '1');
    await waits;
    expect((await pool.health()).status).toBe('unhealthy');
    expect(await reason('UNAUTHORIZED')).toMatchObject({ message: expect.stringContaining('answered 401') });
    expect(place.server.requests).toHaveLength(1);
  });

  it("tells a station's clock that is wrong, by the server's", async () => {
    const { place, pool, reason, healthyAgain } = await station({});
    const dated = (ms: number) => ({ status: 200, headers: { date: new Date(Date.now() + ms).toUTCString() } });
    place.server.respondWith(dated(-7_200_000), dated(7_200_000), dated(0));
    await place.drop('watch/1.txt', '1');
    await pool.idle();
    expect(await reason('CLOCK_SKEW')).toMatchObject({ message: expect.stringMatching(/clock is 7\d\d\d s ahead of/) });
    await place.drop('watch/2.txt', '2');
    await pool.idle();
    expect(await reason('CLOCK_SKEW')).toMatchObject({ message: expect.stringMatching(/clock is 7\d\d\d s behind/) });
    expect((await pool.metrics()).pending.clockSkewMs).toBeLessThan(-7_000_000);
    await place.drop('watch/3.txt', '3');
    await healthyAgain();
  });

  it('tells that nothing moves though work waits, and not while nothing waits', async () => {
    const { passed, open } = gate();
    const stuck = converter(async source => {
      await passed;
      return echo(source, undefined as never);
    });
    const { place, pool, reason, healthyAgain } = await station(
      { stalledMs: 40 },
      { converters: [{ converter: stuck }] },
    );
    await new Promise(resolve => setTimeout(resolve, 60));
    expect((await pool.health()).status).toBe('healthy');
    const begun = next(pool, 'converting');
    await place.drop('watch/1.txt', '1');
    await begun;
    await until(async () => (await reason('STALLED')) !== undefined);
    expect((await pool.health()).status).toBe('unhealthy');
    open();
    await healthyAgain();
  });

  it('tells a queue that is nearly full', async () => {
    const { place, pool, reason, healthyAgain } = await station({}, { queue: { maxSize: 2 } });
    await place.server.down();
    const full = new Promise(resolve => pool.pending.once('pressure', resolve));
    await place.drop('watch/1.txt', '1');
    await place.drop('watch/2.txt', '2');
    await full;
    expect(await reason('QUEUE_FULL')).toMatchObject({ severity: 'unhealthy', value: 2 });
    await place.server.up();
    await healthyAgain();
  });

  it('tells a ledger that was damaged, until the next start', async () => {
    const place = await Station.open();
    const before = await place.start();
    await place.drop('watch/1.txt', '1');
    await before.idle();
    await before.stop();
    await writeFile(place.path('state/ledger.db'), 'this was a database');
    const pool = await place.start();
    expect(await pool.health()).toMatchObject({
      status: 'degraded',
      reasons: [{ code: 'STORE_DAMAGED', message: expect.stringContaining('ledger.db') }],
    });
  });

  it('tells an archive that cannot be written, and one that was damaged', async () => {
    const place = await Station.open();
    const disk = new FaultyFileSystem();
    const archive = new ArchiveStorage({ directory: place.path('archive'), fs: disk });
    const pool = await place.start({ archive, probeIntervalMs: 20 });
    await place.drop('watch/1.txt', '1');
    await pool.idle();
    const { archives } = await pool.metrics();
    const written = archives[0]?.writtenBytes ?? 0;
    expect(written).toBeGreaterThan(0);
    expect(archives).toEqual([
      { directory: place.path('archive'), writtenBytes: written, purgedBytes: 0, paused: false },
    ]);
    expect(prometheusText(await pool.metrics())).toContain(
      `millrace_archive_written_bytes_total{folder="${place.path('archive').replaceAll('\\', '\\\\')}"} ${written}`,
    );

    const fault = disk.fail({ operation: ['open', 'mkdir', 'rename', 'link'], path: /archive/, code: 'EROFS' });
    const away = next(pool, 'archiveAway');
    await place.drop('watch/2.txt', '2');
    await away;
    const paused = (await pool.health()).reasons.find(one => one.code === 'ARCHIVE_PAUSED');
    expect(paused).toMatchObject({ severity: 'degraded', value: place.path('archive') });
    expect((await pool.metrics()).archives[0]?.paused).toBe(true);
    const back = next(pool, 'archiveRecovered');
    fault.remove();
    await back;
    await pool.idle();
    expect(await pool.health()).toEqual({ status: 'healthy', reasons: [] });
    await pool.stop();
    await archive.close();

    await writeFile(place.path('archive/metadata.db'), 'this was a database');
    const mended = await place.start({ archive: new ArchiveStorage({ directory: place.path('archive') }) });
    await place.drop('watch/3.txt', '3');
    await mended.idle();
    expect((await mended.health()).reasons).toMatchObject([{ code: 'ARCHIVE_DAMAGED', severity: 'degraded' }]);
  });

  it('tells a pending folder that cannot be had', async () => {
    const place = await Station.open();
    await place.drop('outbox', 'a file where the folder should be');
    const pool = await place.start();
    expect(await pool.health()).toMatchObject({ status: 'unhealthy', reasons: [{ code: 'OFFLINE' }] });
  });

  it('names wrong thresholds with all other problems', async () => {
    const place = await Station.open();
    expect(() => place.pool({ health: { backlog: -1, latency: 3 } as HealthOptions })).toThrow(
      /health\.backlog: must be a number, 0 or above.*health\.latency: is not a threshold/,
    );
  });

  it('has no secret in it, and neither have the log and the .error file', async () => {
    const place = await Station.open();
    const lines: string[] = [];
    const write = (fields: object, message: string): void =>
      void lines.push(`${message} ${JSON.stringify(fields)} ${String((fields as { err?: Error }).err?.stack)}`);
    const leaky = converter(async (_source, context) => {
      context.logger.info({ password: 'hunter22' }, `connecting with ${context.arguments.password}`);
      throw new Error(`refused: ${context.arguments.password}, Bearer abcdefgh12345`);
    });
    const pool = await place.start({
      logger: { debug: write, info: write, warn: write, error: write },
      converters: [{ converter: leaky, arguments: { password: 'hunter22' } }],
    });
    await place.drop('watch/1.txt', '1');
    await pool.idle();
    const told = [...lines, await place.read('Error/1.txt.error'), JSON.stringify((await pool.items()).items)].join(
      '\n',
    );
    expect(told).toContain('refused: [hidden], Bearer [hidden]');
    expect(told).toContain('connecting with [hidden]');
    expect(told).not.toContain('hunter22');
    expect(told).not.toContain('abcdefgh12345');
  });
});

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { ArchiveStorage, ConverterBase, MillraceError, ReprocessingEngine, RetentionEngine } from 'millrace';
import { FaultyFileSystem, ManualClock } from 'millrace/testing';
import { expect, it } from 'vitest';
import { converter, echo, Station, until } from './support.js';

it('a pool runs the retention of its archive; what it carried is purged by its age, and what waits is not', async () => {
  const station = await Station.open();
  const archive = new ArchiveStorage({ directory: station.path('archive') });
  // A thousandth of a second, in days: everything that is delivered is too old at once.
  const policies = [{ converterName: 'text', retentionDays: 1 / 86_400_000 }];
  const retention = new RetentionEngine({ archive, policies, gracePeriodMs: 0 });
  const pool = station.pool({ archive, retention, converters: [{ converter: converter(echo), archive: true }] });
  await pool.start();
  await station.drop('watch/a.txt', 'A');
  await until(async () => (await archive.count({ status: 'success' })) === 1);
  await station.settled(pool);
  await station.server.down();
  await station.drop('watch/b.txt', 'B');
  await until(async () => (await archive.count()) === 2);
  await until(() => pool.pending.size === 1);
  // The pool has started it; this is the next of its runs.
  const { archivesPurged, skipped } = await retention.enforce();
  expect(archivesPurged).toBe(1);
  expect(skipped).toMatchObject([{ reason: 'undelivered' }]);
  await station.server.up();
  await station.settled(pool);
  await until(async () => (await archive.query()).entries.every(entry => entry.deliveredAt !== null));
  expect(await retention.enforce()).toMatchObject({ archivesPurged: 1 });
  await pool.stop();
  await archive.close();
  expect(station.reports()).toHaveLength(2);
});

it('a pool tells what its retention could not do, since nobody else may listen at night', async () => {
  const station = await Station.open();
  const archive = new ArchiveStorage({ directory: station.path('archive') });
  const retention = new RetentionEngine({ archive });
  await station.start({ archive, retention });
  const failure = new MillraceError('ARCHIVE_FAILED', 'the purge came to nothing');
  retention.emit('failed', { error: failure });
  expect(station.errors).toEqual([failure]);
  await archive.close();
});

it('a pool is not healthy while its retention is not, and its log and channels tell what is purged', async () => {
  const station = await Station.open();
  const clock = new ManualClock(Date.UTC(2026, 5, 1));
  const archive = new ArchiveStorage({ directory: station.path('archive'), clock });
  const retention = new RetentionEngine({ archive, clock, gracePeriodMs: 0, policies: [{ retentionDays: 1 }] });
  const lines: { event?: unknown; message: string }[] = [];
  const note = (fields: object, message: string): void => void lines.push({ ...fields, message });
  const pool = await station.start({
    archive,
    retention,
    logger: { debug: note, info: note, warn: note, error: note },
  });
  const told: unknown[] = [];
  const listen = (message: unknown): void => void told.push(message);
  subscribe('millrace:retention:purged', listen);
  try {
    const path = await station.drop('aside/a.txt', 'A');
    const id = await archive.archiveSource(path, { converterName: 'text' });
    await archive.updateConversion(id, { status: 'success', deliveredAt: new Date(clock.now()) });
    await until(async () => retention.trouble === undefined && (await retention.enforce()).complete);
    const reasons = async () => (await pool.health()).reasons.filter(({ code }) => code === 'RETENTION_PAUSED');
    expect(await reasons()).toEqual([]);
    // Ten days that no other clock has seen.
    clock.jump(clock.now() + 10 * 86_400_000);
    expect(await retention.enforce()).toMatchObject({ archivesPurged: 0 });
    expect(await reasons()).toMatchObject([{ severity: 'degraded', message: expect.stringMatching(/jumped forward/) }]);
    expect(lines).toContainEqual(expect.objectContaining({ event: 'agePaused' }));
    await retention.trustClock();
    expect(await reasons()).toEqual([]);
    expect(await retention.enforce()).toMatchObject({ archivesPurged: 1 });
    expect(lines).toContainEqual(expect.objectContaining({ event: 'purged', converter: 'text', entries: 1 }));
    expect(told).toMatchObject([{ emitter: retention, event: 'purged', payload: { archiveIds: [id] } }]);
  } finally {
    unsubscribe('millrace:retention:purged', listen);
  }
  await pool.stop();
  await archive.close();
});

it('a run that fails is a reason of health until one does not', async () => {
  const station = await Station.open();
  const fs = new FaultyFileSystem();
  const archive = new ArchiveStorage({ directory: station.path('archive'), fs });
  const retention = new RetentionEngine({ archive });
  const failed = new Promise(resolve => retention.on('failed', resolve));
  const fault = fs.fail({ operation: 'statfs', code: 'EIO' });
  const pool = await station.start({ archive, retention });
  await failed;
  const codes = async () => (await pool.health()).reasons.map(({ code }) => code);
  expect(await codes()).toContain('RETENTION_PAUSED');
  fault.remove();
  await retention.enforce();
  expect(await codes()).not.toContain('RETENTION_PAUSED');
  await pool.stop();
  await archive.close();
  station.errors.length = 0;
});

it('a replay sends through the queue of a running pool, behind its live work, and the books stay balanced', async () => {
  const station = await Station.open();
  const archive = new ArchiveStorage({ directory: station.path('archive') });
  const pool = station.pool({ archive, converters: [{ converter: converter(echo), archive: true }] });
  await pool.start();
  for (const name of ['a', 'b', 'c']) await station.drop(`watch/${name}.txt`, name);
  await station.settled(pool);
  await until(async () => (await archive.count({ status: 'success' })) === 3);
  class Next extends ConverterBase {
    readonly name = 'text';
    readonly supportedExtensions = ['.txt'];
    override readonly version = '2.0.0';
    async convert(source: Parameters<ConverterBase['convert']>[0]) {
      return { name: source.name, text: await source.text(), more: true };
    }
  }
  const engine = new ReprocessingEngine({ archive, converters: [new Next()], pending: pool.pending, live: pool });
  const comparison = await engine.compare({ converterName: 'text' });
  expect(comparison).toMatchObject({ compared: 3, different: 3 });
  expect(comparison.summary).toMatchObject([{ kind: 'added', path: 'more', entries: 3, after: true }]);
  const result = await engine.reprocessRange({ converterName: 'text', submit: true, reason: 'more' });
  expect(result).toMatchObject({ successful: 3, submitted: 3 });
  await station.settled(pool);
  const keys = station.server.reports.map(report => report.idempotencyKey);
  const first = new Set(keys.slice(0, 3));
  // Each names the key of the report that it takes the place of.
  expect(new Set(keys.slice(3).map(key => /^supersedes=([^;]+);/.exec(key ?? '')?.[1]))).toEqual(first);
  expect(pool.busy).toBe(false);
  await pool.stop();
  await archive.close();
});

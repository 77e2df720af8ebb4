import { ArchiveStorage, ConverterBase, MillraceError, ReprocessingEngine, RetentionEngine } from 'millrace';
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

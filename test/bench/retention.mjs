/**
 * How long a purge takes while a pool carries live files, beside the mere removal of as many files from as many folders.
 */
import { mkdir, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { ArchiveStorage, RetentionEngine } from 'millrace';
import pLimit from 'p-limit';
import { content } from './support/content.mjs';
import { assertCount, inMemory, makePool, withStation } from './support/station.mjs';
import { amount, median, tell } from './support/table.mjs';

const ENTRIES = amount(100_000, 1_000);
const REMOVALS_AT_ONCE = 32;
const LIVE_INTERVAL_MS = 20;
const DAY_MS = 86_400_000;

const text = n => `UUT${n};P;${Math.random()}\n`;

/** As many small files in as many folders as the archive has, removed one by one. */
async function byHand(folder) {
  const paths = Array.from({ length: ENTRIES }, (_, n) => join(folder, String(n % 256), `${n}.gz`));
  for (let n = 0; n < 256; n += 1) await mkdir(join(folder, String(n)), { recursive: true });
  await pLimit(64).map(paths, path => writeFile(path, text(0)));
  const startedAt = performance.now();
  await pLimit(REMOVALS_AT_ONCE).map(paths, path => unlink(path));
  return (performance.now() - startedAt) / 1_000;
}

async function fillArchive(archive) {
  for (let from = 0; from < ENTRIES; from += 1_000) {
    await Promise.all(
      Array.from({ length: Math.min(1_000, ENTRIES - from) }, async (_, index) => {
        const n = from + index;
        const timestamp = new Date(Date.now() - 200 * DAY_MS + n * 60_000);
        const stream = Readable.from([Buffer.from(text(n))]);
        const source = { path: `/watch/UUT${n}.csv`, stream };
        const id = await archive.archiveSource(source, { converterName: 'bench', timestamp });
        await archive.updateConversion(id, { status: 'success', deliveredAt: timestamp });
      }),
    );
  }
}

await withStation(async folder => {
  const unlinkSeconds = await byHand(join(folder, 'by-hand'));
  const archive = new ArchiveStorage({ directory: join(folder, 'archive') });
  await fillArchive(archive);

  const pool = makePool(folder, inMemory(), { archive, converter: { archive: true, stabilityMs: 50 } });
  pool.on('error', ({ error }) => process.stderr.write(`${error.message}\n`));
  const droppedAt = new Map();
  const latencies = [];
  pool.on('completed', ({ path }) => latencies.push(performance.now() - droppedAt.get(path)));
  await pool.start();
  let dropped = 0;
  const drop = setInterval(async () => {
    dropped += 1;
    const path = join(folder, 'watch', `live${dropped}.csv`);
    const aside = join(folder, 'staging', `live${dropped}.csv`);
    await writeFile(aside, content(dropped));
    droppedAt.set(path, performance.now());
    await rename(aside, path);
  }, LIVE_INTERVAL_MS);
  await pause(3_000);
  const before = latencies.splice(0);

  const retention = new RetentionEngine({ archive, gracePeriodMs: 0, maxPerSecond: 1e9 });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const { archivesPurged } = await retention.enforce({ converterName: 'bench', retentionDays: 90 });
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  delay.disable();
  assertCount(archivesPurged, ENTRIES);
  const during = latencies.splice(0);
  clearInterval(drop);
  await pool.idle();
  await pool.stop();
  await archive.close();

  const rows = [
    { who: 'removed by hand', 'took, s': unlinkSeconds },
    {
      who: 'millrace',
      'took, s': seconds,
      'processor with that of the pool, s': (user + system) / 1e6,
      'a live file meanwhile, median, ms': during.length === 0 ? '-' : median(during),
      'and before, ms': median(before),
      'loop late, p99, ms': delay.percentile(99) / 1e6,
    },
  ];
  const blank = Object.fromEntries(Object.keys(rows[1]).map(key => [key, '-']));
  tell(
    'retention',
    `${ENTRIES} entries purged, and their content removed, while a pool carries ${1_000 / LIVE_INTERVAL_MS} files a second`,
    rows.map(row => ({ ...blank, ...row })),
    { words: 'under 60 s', met: seconds < 60 },
  );
});

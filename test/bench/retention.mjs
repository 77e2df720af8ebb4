/**
 * How long a purge takes while a pool carries live files:
 * `npm run build:js && node test/bench/retention.mjs [entries]`. Works on the package as it is built.
 */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const { ArchiveStorage, AsyncConverterPool, ConverterBase, RetentionEngine } = await import(
  new URL('../../dist/index.js', import.meta.url).href
);

const entries = Number(process.argv[2] ?? 100_000);
const LIVE_INTERVAL_MS = 20;
const DAY_MS = 86_400_000;
const folder = await mkdtemp(
  join(process.env.BENCH_FOLDER ?? fileURLToPath(new URL('../../', import.meta.url)), '.bench-retention-'),
);

class Csv extends ConverterBase {
  name = 'csv';
  supportedExtensions = ['.csv'];
  async convert(source) {
    return { name: source.name, text: await source.text() };
  }
}

const archive = new ArchiveStorage({ directory: join(folder, 'archive') });
const seconds = since => ((performance.now() - since) / 1_000).toFixed(1);

let startedAt = performance.now();
for (let from = 0; from < entries; from += 1_000) {
  await Promise.all(
    Array.from({ length: Math.min(1_000, entries - from) }, async (_, index) => {
      const timestamp = new Date(Date.now() - 200 * DAY_MS + (from + index) * 60_000);
      const stream = Readable.from([Buffer.from(`UUT${from + index};P;${Math.random()}\n`)]);
      const path = `/watch/UUT${from + index}.csv`;
      const id = await archive.archiveSource({ path, stream }, { converterName: 'csv', timestamp });
      await archive.updateConversion(id, { status: 'success', deliveredAt: timestamp });
    }),
  );
}
console.log(`${entries} entries archived in ${seconds(startedAt)} s`);

const watchFolder = join(folder, 'watch');
await mkdir(watchFolder);
const pool = new AsyncConverterPool({
  dataDir: join(folder, 'state'),
  submitter: async () => ({}),
  minFreeBytes: 0,
  archive,
  converters: [{ converter: new Csv(), watchFolder, archive: true, stabilityMs: 50 }],
});
pool.on('error', ({ error }) => console.error(error.message));
const droppedAt = new Map();
const latencies = [];
pool.on('completed', ({ path }) => latencies.push(performance.now() - droppedAt.get(path)));
await pool.start();
let dropped = 0;
const drop = setInterval(async () => {
  const path = join(watchFolder, `live${dropped++}.csv`);
  await writeFile(`${path}.tmp`, `live ${dropped}\n`);
  droppedAt.set(path, performance.now());
  await rename(`${path}.tmp`, path);
}, LIVE_INTERVAL_MS);
await new Promise(resolve => setTimeout(resolve, 3_000));
const before = latencies.splice(0);

const retention = new RetentionEngine({ archive, gracePeriodMs: 0, maxPerSecond: 1e9 });
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
startedAt = performance.now();
const cpu = process.cpuUsage();
const { archivesPurged, bytesFreed } = await retention.enforce({ converterName: 'csv', retentionDays: 90 });
const { user, system } = process.cpuUsage(cpu);
console.log(
  `${archivesPurged} entries purged and removed (${bytesFreed} bytes) in ${seconds(startedAt)} s, ${((user + system) / 1e6).toFixed(1)} s of CPU`,
);
delay.disable();
const during = latencies.splice(0);
clearInterval(drop);
const median = values => values.sort((a, b) => a - b)[values.length >> 1]?.toFixed(0);
console.log(
  `live files meanwhile: ${during.length}, median ${median(during)} ms to completed (before: ${median(before)} ms)`,
);
console.log(
  `event loop delay: p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms, max ${(delay.max / 1e6).toFixed(1)} ms`,
);
await pool.idle();
await pool.stop();
await archive.close();
await rm(folder, { recursive: true, force: true });

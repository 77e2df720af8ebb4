/**
 * What a start with a big backlog costs, from `start()` until every file is queued:
 * `npm run build:js && node --expose-gc test/bench/scan.mjs [files]`. Works on the package as it is built.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const { AsyncConverterPool, ConverterBase } = await import(new URL('../../dist/index.js', import.meta.url).href);

const files = Number(process.argv[2] ?? 100_000);
const WRITES_AT_ONCE = 64;
const folder = await mkdtemp(
  join(process.env.BENCH_FOLDER ?? fileURLToPath(new URL('../../', import.meta.url)), '.bench-scan-'),
);
const watchFolder = join(folder, 'watch');
await mkdir(watchFolder);
for (let n = 0; n < files; n += WRITES_AT_ONCE) {
  const batch = Array.from({ length: Math.min(WRITES_AT_ONCE, files - n) }, (_, index) => n + index);
  await Promise.all(
    batch.map(one => writeFile(join(watchFolder, `UUT${String(one).padStart(9, '0')}_r1.csv`), `${one};P\n`)),
  );
}
// A backlog is old: what was written a moment ago would have to rest first.
await new Promise(resolve => setTimeout(resolve, 2_500));

class Csv extends ConverterBase {
  name = 'csv';
  supportedExtensions = ['.csv'];
  convert(source) {
    return { name: source.name };
  }
}

const pool = new AsyncConverterPool({
  dataDir: join(folder, 'state'),
  submitter: async () => ({}),
  minFreeBytes: 0,
  startupScan: { timeoutMs: 600_000 },
  converters: [{ converter: new Csv(), watchFolder, postProcess: 'keep' }],
});
// Nothing is converted here: what is measured is the way to the queue.
pool.pause();
let scan;
pool.on('scanCompleted', statistics => {
  scan ??= statistics;
});
const heap = () => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

const before = heap();
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const startedAt = performance.now();
const cpu = process.cpuUsage();
await pool.start();
const tookMs = performance.now() - startedAt;
const { user, system } = process.cpuUsage(cpu);
delay.disable();
const perFile = (heap() - before) / files;
const ms = nanoseconds => `${(nanoseconds / 1e6).toFixed(1)} ms`;

console.log(`files found and queued          ${scan.queued} of ${scan.scanned}, ${scan.errors} errors`);
console.log(`from start() to work            ${(tookMs / 1000).toFixed(2)} s`);
console.log(`of that, CPU of all threads     ${((user + system) / 1e6).toFixed(2)} s`);
console.log(
  `memory per waiting file         ${Math.round(perFile)} bytes${globalThis.gc ? '' : ' (without --expose-gc: an upper bound)'}`,
);
console.log(
  `event loop delay                p50 ${ms(delay.percentile(50))}, p99 ${ms(delay.percentile(99))}, max ${ms(delay.max)}`,
);
await pool.stop({ timeoutMs: 0 });
await rm(folder, { recursive: true, force: true });

/**
 * A converter in worker threads: the host's event loop stays free while it computes, an endless loop is ended, a leak is
 * ended, and each costs one file. Run it with `node main.mjs`.
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AsyncConverterPool } from 'millrace';

const root = await mkdtemp(join(tmpdir(), 'millrace-isolation-'));
const reports = [];

await mkdir(join(root, 'watch'));
const pool = new AsyncConverterPool({
  dataDir: join(root, 'state'),
  submitter: async report => void reports.push(report),
  converters: [
    {
      converter: { module: new URL('./heavy-converter.mjs', import.meta.url), export: 'HeavyConverter' },
      isolation: 'worker',
      workers: 2,
      timeoutMs: 5_000,
      memoryLimitMb: 64,
      watchFolder: join(root, 'watch'),
    },
  ],
});
pool.on('progress', ({ path, fraction }) => console.log(`${path.slice(root.length)}: ${fraction * 100} %`));
pool.on('failed', ({ path, error }) =>
  console.log(`${path.slice(root.length)} failed: ${error.code}, ${error.message}`),
);
pool.on('error', ({ error }) => console.error(error));

// How long the host's event loop stood still at most: a converter on it would be seen here.
let longestMs = 0;
let last = performance.now();
const pulse = setInterval(() => {
  longestMs = Math.max(longestMs, performance.now() - last);
  last = performance.now();
}, 10);

await pool.start();
for (const [name, samples] of Object.entries({ a: '1,2,3', b: '4,5,6', loop: 'none', leak: '9999', c: '7,8,9' })) {
  await writeFile(join(root, 'watch', `${name}.csv`), samples);
}
await pool.idle();
clearInterval(pulse);

for (const name of ['loop', 'leak']) {
  const { code } = JSON.parse(await readFile(join(root, 'Error', `${name}.csv.error`), 'utf8'));
  console.log(`${name}: ${code}`);
}
console.log(`${reports.length} reports; the host stood still for ${longestMs.toFixed(0)} ms at most`);
assert.deepEqual(reports.map(report => report.name).sort(), ['a.csv', 'b.csv', 'c.csv']);
assert.ok(reports.every(report => !report.inHost));
assert.deepEqual((await readdir(join(root, 'Error'))).sort(), [
  'leak.csv',
  'leak.csv.error',
  'loop.csv',
  'loop.csv.error',
]);
assert.deepEqual((await pool.audit()).differences, []);
await pool.stop();
await rm(root, { recursive: true });

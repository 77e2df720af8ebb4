/** A new version of a converter is judged on the archive before it goes live: compared, then replayed, then kept by a policy. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { ArchiveStorage, AsyncConverterPool, ConverterBase, ReprocessingEngine, RetentionEngine } from 'millrace';

/** `sn;volts` to a report with one measured step. Version 1.1.0 has the limit of the new data sheet. */
class VoltageConverter extends ConverterBase {
  name = 'voltage';
  supportedExtensions = ['.csv'];

  constructor(version, highLimit) {
    super();
    this.version = version;
    this.highLimit = highLimit;
  }

  async convert(source) {
    const [sn, volts] = (await source.text()).trim().split(';');
    const value = Number(volts);
    const status = value <= this.highLimit ? 'P' : 'F';
    return { sn, result: status, steps: [{ name: 'Vout', value, unit: 'V', highLimit: this.highLimit, status }] };
  }
}

const root = await mkdtemp(join(tmpdir(), 'millrace-reprocess-'));
const watchFolder = join(root, 'watch');
await mkdir(watchFolder);
for (const [sn, volts] of Object.entries({ 'SN-1': 4.8, 'SN-2': 5.2, 'SN-3': 5.9 }))
  await writeFile(join(watchFolder, `${sn}.csv`), `${sn};${volts}\n`);

// The station as it runs today.
const received = [];
const archive = new ArchiveStorage({ directory: join(root, 'archive') });
const pool = new AsyncConverterPool({
  dataDir: join(root, 'state'),
  archive,
  submitter: async (report, { idempotencyKey }) => void received.push({ report, idempotencyKey }),
  converters: [{ converter: new VoltageConverter('1.0.0', 5), watchFolder }],
});
await pool.start();
await pool.idle();

// 1. What would the new version change? Nothing is sent.
const replay = new ReprocessingEngine({
  archive,
  converters: [new VoltageConverter('1.0.0', 5), new VoltageConverter('1.1.0', 5.5)],
  pending: pool.pending,
  live: pool,
});
const { compared, summary } = await replay.compare({ converterName: 'voltage' });
process.stdout.write(`${compared} reports compared\n`);
for (const { kind, path, entries, before, after } of summary)
  process.stdout.write(`  ${kind} ${path} in ${entries}: ${before} -> ${after}\n`);
assert.deepEqual(
  summary.map(({ path, entries }) => [path, entries]),
  [
    ['steps["Vout"].highLimit', 3],
    ['result', 1],
    ['steps["Vout"].status', 1],
  ],
);

// 2. That is what was wanted: the new reports are sent, under keys that name those they take the place of.
const { successful, submitted } = await replay.reprocessRange({
  converterName: 'voltage',
  submit: true,
  reason: 'limit of data sheet rev B',
  onProgress: ({ processed, total }) => process.stdout.write(`  ${processed} of ${total}\n`),
});
await pool.idle();
assert.deepEqual([successful, submitted, received.length], [3, 3, 6]);
const first = received.slice(0, 3).map(({ idempotencyKey }) => idempotencyKey);
for (const { idempotencyKey } of received.slice(3)) {
  const [, superseded, by] = /^supersedes=([^;]+);by=([^;]+);why=limit-of-data-sheet-rev-B;/.exec(idempotencyKey);
  assert.ok(first.includes(superseded) && by === 'voltage@1.1.0');
}

// 3. What would a policy purge? The same code as enforce(), and nothing is changed.
const retention = new RetentionEngine({ archive });
const days = await retention.preview({ converterName: 'voltage', retentionDays: 90 });
const newest = await retention.preview({ converterName: 'voltage', retentionDays: 0, keepLast: 1 });
process.stdout.write(`90 days purge ${days.entries.length}, only the newest kept purges ${newest.entries.length}\n`);
assert.deepEqual([days.entries.length, newest.entries.length], [0, 2]);
process.stdout.write(`${(await retention.forecast()).message}\n`);

await pool.stop();
await archive.close();
await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });

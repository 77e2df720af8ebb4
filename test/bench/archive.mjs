/**
 * What the archive does with many entries, and what it adds to a file, beside the bare cost of the disk in the same run:
 * `node test/bench/archive.mjs [entries] [files]`. Needs no build of its own: it bundles the source into a temp folder.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { build } from 'esbuild';
import pLimit from 'p-limit';
import { amount, tell as tellTable } from './support/table.mjs';

const entries = Number(process.argv[2] ?? amount(1_000_000, 2_000));
const files = Number(process.argv[3] ?? amount(500, 50));
const root = fileURLToPath(new URL('../../', import.meta.url));
const DAY_MS = 86_400_000;
const DAYS = 90;
const START = Date.UTC(2026, 6, 1);
const STEP_MS = Math.floor((DAYS * DAY_MS) / entries);

// Inside node_modules, so that the bundle finds its packages; `workers/` beside the module, as in the package.
const cache = join(dirname(dirname(createRequire(import.meta.url).resolve('esbuild/package.json'))), '.cache/millrace');
await mkdir(cache, { recursive: true });
const bundles = await mkdtemp(join(cache, 'bench-'));
const folder = await mkdtemp(join(process.env.BENCH_FOLDER ?? root, '.bench-archive-'));
const common = {
  outdir: bundles,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
};
const contents = [
  'archive-storage',
  'archive-id',
  'internals',
  'catalog/entry-changes',
  'catalog/stored-entry',
  'catalog/words',
]
  .map(name => `export * from './src/archive/${name}.js';`)
  .join('\n');
await build({ ...common, stdin: { contents, resolveDir: root, sourcefile: 'archive.ts', loader: 'ts' } });
await build({ ...common, entryPoints: { 'workers/sqlite': join(root, 'src/workers/sqlite.ts') } });
const { ArchiveStorage, archiveId, entryChanges, firstRow, internalsOf, statusNumber, wordsOf } = await import(
  pathToFileURL(join(bundles, 'stdin.js')).href
);

const lines = [];
function tell(what, value, than = '') {
  lines.push([what, value, than]);
  console.log(`${what}: ${value}${than === '' ? '' : `   (${than})`}`);
}
const ms = value => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
const per = value => `${Math.round(value).toLocaleString('en')}/s`;
function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
async function timed(work) {
  const at = performance.now();
  const result = await work();
  return [performance.now() - at, result];
}

// 1. Many entries, written as the archive writes them: a row, its words, its outcome, its report.
const directory = join(folder, 'archive');
const archive = new ArchiveStorage({ directory });
archive.on('error', ({ error }) => console.log('error:', error.message));
const { context } = await internalsOf(archive);
const { catalog } = context;
const ERRORS = ['Required field missing: limit in row', 'Timeout after 300000 ms in step', 'connect ECONNREFUSED in'];

function changesOf(index) {
  const at = START + index * STEP_MS;
  const digest = createHash('sha256').update(String(index)).digest('hex');
  const key = digest.slice(0, 12);
  const row = firstRow(at);
  const failed = index % 50 === 0;
  const source = {
    path: `/stations/7/in/UUT${String(index).padStart(9, '0')}_r1.csv`,
    converter: `c${index % 10}`,
    version: '1.2.0',
    parameters: { delimiter: ',' },
    receivedAt: new Date(at),
    archivedAt: new Date(at + 12),
    modifiedAt: new Date(at - 2_000 - (index % 1_000)),
    members: undefined,
  };
  const place = { id: archiveId({ at, key }), row, ending: '.csv', bytes: 1_200 + (index % 500), owner: null };
  const size = 4_000 + (index % 9_000);
  const serial = `SN${String(index).padStart(9, '0')}`;
  const error = failed ? `${ERRORS[index % 3]} ${index}` : null;
  const report = digest.slice(0, 32);
  return [
    ...entryChanges(catalog, { source, sha256: digest, size }, place),
    { statement: 'firstReport', params: [row, 2_000 + (index % 100), 900, digest.slice(0, 16)] },
    {
      statement: 'outcome',
      params: [
        row,
        statusNumber(failed ? 'failed' : 'success'),
        error,
        40 + (index % 100),
        failed ? null : at + 4_000,
        failed ? null : report,
        null,
        serial,
        catalog.partId(`PART-${index % 30}`),
      ],
    },
    { statement: 'addWords', params: [row, wordsOf(serial, error)] },
  ];
}

const loop = monitorEventLoopDelay({ resolution: 1 });
loop.enable();
const rates = [];
const IN_FLIGHT = 500;
let next = 0;
let mark = performance.now();
const tenth = Math.max(1, Math.floor(entries / 10));
const [appended] = await timed(() =>
  Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (next < entries) {
        const index = next++;
        if (index > 0 && index % tenth === 0) {
          rates.push((tenth * 1000) / (performance.now() - mark));
          mark = performance.now();
        }
        await catalog.write(changesOf(index));
      }
    }),
  ),
);
rates.push((tenth * 1000) / (performance.now() - mark));
loop.disable();
tell('entries', entries.toLocaleString('en'));
tell('appended', per((entries * 1000) / appended), `tenths: ${rates.map(per).join(', ')}`);
tell('event loop delay of the host meanwhile, p99', ms(loop.percentile(99) / 1e6), `max ${ms(loop.max / 1e6)}`);

// Bare appends of as many bytes, in groups as large, flushed: what any store must pay that keeps its word.
const journal = Buffer.alloc(256 * 1024, 'x');
const bare = await open(join(folder, 'bare'), 'w');
const [bareMs] = await timed(async () => {
  for (let index = 0; index < 200; index += 1) {
    await bare.write(journal);
    await bare.datasync();
  }
});
await bare.close();
tell('bare append and fsync of 256 KiB', ms(bareMs / 200));

// 2. Questions.
const questions = {
  'lookup by id': () => {
    const index = Math.floor(Math.random() * entries);
    const key = createHash('sha256').update(String(index)).digest('hex').slice(0, 12);
    return archive.get(archiveId({ at: START + index * STEP_MS, key }));
  },
  "one day's range, 100 of it": () => {
    const day = START + Math.floor(Math.random() * DAYS) * DAY_MS;
    return archive.query({ from: new Date(day), to: new Date(day + DAY_MS) });
  },
  'the first page of 90 days': () => archive.query({ from: new Date(START), to: new Date(START + DAYS * DAY_MS) }),
  'the first page of one converter': () => archive.query({ converterName: 'c7' }),
  'the first page of what failed': () => archive.query({ status: 'failed' }),
  'full text on errors': () =>
    archive.query({ text: ['timeout step', 'limit missing', 'econnrefused'][Math.floor(Math.random() * 3)] }),
  'full text on names': () =>
    archive.query({ text: `uut${String(Math.floor(Math.random() * entries)).padStart(9, '0')}` }),
  'by serial number': () =>
    archive.query({ serialNumber: `SN${String(Math.floor(Math.random() * entries)).padStart(9, '0')}` }),
  'by checksum': () =>
    archive.query({
      sha256: createHash('sha256')
        .update(String(Math.floor(Math.random() * entries)))
        .digest('hex'),
    }),
  'count of 90 days, less an hour': () => archive.count({ from: new Date(START + 1_800_000) }),
  'statistics by converter and day': () => archive.statistics(),
};
/** An answer with nothing in it takes no time and tells nothing. */
const isEmpty = answer => !answer || answer.entries?.length === 0;
for (const [what, ask] of Object.entries(questions)) {
  const times = [];
  let empty = 0;
  for (let round = 0; round < 30; round += 1) {
    const [took, answer] = await timed(ask);
    times.push(took);
    if (isEmpty(answer)) empty += 1;
  }
  // What failed has no serial number.
  if (empty > 10) throw new Error(`${what}: ${empty} of 30 answers were empty`);
  tell(what, ms(quantile(times, 0.5)), `p95 ${ms(quantile(times, 0.95))}`);
}

// 3. The file.
const [closed] = await timed(() => archive.close());
tell('close, with a snapshot', ms(closed));
const { size } = await stat(join(directory, 'metadata.db'));
tell('metadata.db', `${(size / entries).toFixed(1)} bytes an entry`, `${(size / 1e6).toFixed(0)} MB`);
const again = new ArchiveStorage({ directory });
const [reopened] = await timed(() => again.open());
tell('reopen', ms(reopened));
await again.close();

// 4. What it adds to a file: the same files, as the archive keeps them, and barely read, compressed, written and flushed.
const originals = join(folder, 'in');
await mkdir(originals);
const paths = [];
for (let index = 0; index < files; index += 1) {
  const rows = 100 + (index % 200);
  const text = Array.from(
    { length: rows },
    (_, row) => `${index};${row};${(Math.sin(index * row) * 1e3).toFixed(4)};pass\n`,
  );
  paths.push(join(originals, `UUT${index}.csv`));
  await writeFile(paths[index], text.join(''));
}
const pack = promisify(gzip);
async function barely(path, target) {
  const packed = await pack(await readFile(path), { level: 6 });
  const file = await open(target, 'wx');
  await file.write(packed);
  await file.datasync();
  await file.close();
}
for (const atOnce of [1, 10]) {
  const each = pLimit(atOnce);
  const name = atOnce === 1 ? 'one after the other' : `${atOnce} at once`;
  const store = new ArchiveStorage({ directory: join(folder, `files-${atOnce}`), deduplicate: true });
  await store.open();
  const target = join(folder, `bare-${atOnce}`);
  await mkdir(target);
  // In turns, so that both meet the same disk.
  const sums = { bare: 0, archive: 0 };
  for (let from = 0; from < files; from += 100) {
    const part = paths.slice(from, from + 100);
    sums.bare += (
      await timed(() => each.map(part, (path, index) => barely(path, join(target, `${from + index}.gz`))))
    )[0];
    sums.archive += (await timed(() => each.map(part, path => store.archiveSource(path, { converterName: 'csv' }))))[0];
  }
  tell(
    `a file archived, ${name}`,
    ms(sums.archive / files),
    `barely ${ms(sums.bare / files)}: ${(sums.archive / sums.bare).toFixed(2)} times`,
  );
  await store.close();
}

tellTable(
  'archive',
  `${entries.toLocaleString('en')} entries`,
  lines.map(([what, value, beside]) => ({ what, value, beside })),
);
await rm(folder, { recursive: true });
await rm(bundles, { recursive: true });

/**
 * What the journaled store does with many rows, beside the bare cost of the disk in the same run. Needs no build: it bundles
 * the source into a temp folder.
 */
import { createHash, randomBytes } from 'node:crypto';
import fsp, { cp, link, mkdir, mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { amount, quantile, tell } from './support/table.mjs';

const rows = amount(1_000_000, 20_000);
const IN_FLIGHT = 2_000;
const root = fileURLToPath(new URL('../../', import.meta.url));

// Inside node_modules, so that the bundles find their packages; `workers/` beside the module, as in the package.
const cache = join(dirname(dirname(createRequire(import.meta.url).resolve('esbuild/package.json'))), '.cache/millrace');
await mkdir(cache, { recursive: true });
const bundles = await mkdtemp(join(cache, 'bench-'));
const folder = await mkdtemp(join(process.env.BENCH_FOLDER ?? root, '.bench-store-'));
await build({
  entryPoints: {
    store: join(root, 'src/store/journaled-store.ts'),
    'workers/sqlite': join(root, 'src/workers/sqlite.ts'),
  },
  outdir: bundles,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
});
const { JournaledStore } = await import(pathToFileURL(join(bundles, 'store.js')).href);

const schema = {
  version: 1,
  migrations: [
    `create table files (
       id integer primary key, root integer not null, path text not null, path_hash integer not null,
       size integer not null, mtime integer not null, ino integer not null, sha blob not null, state integer not null,
       attempts integer not null, seen integer not null, claimed integer, completed integer, report blob not null);
     create index files_by_path on files (path_hash);
     create index files_by_content on files (substr(sha, 1, 8))`,
  ],
  statements: {
    add: `insert into files values (?, ?, ?, ?, ?, ?, ?, unhex(?), ?, ?, ?, ?, ?, unhex(?))`,
  },
  queries: {
    count: 'select count(*) as count from files',
    byPath: 'select id, path, hex(sha) as sha from files where path_hash = ?',
  },
};

const startOfDay = 1_790_000_000_000;
function params(id) {
  const path = `2026/11/${String(id % 30).padStart(2, '0')}/station-07/UUT${String(id).padStart(9, '0')}_r1.csv`;
  const sha = createHash('sha256').update(path).digest();
  const time = startOfDay + id * 100;
  // The path's hash is 6 bytes of another checksum; a real one is as random.
  return [
    id,
    1,
    path,
    sha.readUIntBE(20, 6),
    4_000 + (id % 9_000),
    time,
    1_000_000 + id,
    sha.toString('hex'),
    7,
    1,
    time + 3,
    time + 9,
    time + 60,
    sha.toString('hex', 0, 16),
  ];
}

/** How long each of many took. */
function spread(what, times) {
  const values = [...times];
  return {
    what,
    'median, ms': values.length === 0 ? '-' : quantile(values, 0.5),
    'p99, ms': values.length === 0 ? '-' : quantile(values, 0.99),
    'slowest, ms': values.length === 0 ? '-' : slowest(values),
  };
}

const slowest = values => values.reduce((most, value) => Math.max(most, value), 0);

/** Appends and flushes groups of bytes: what any store must pay that keeps its word. */
async function bareDisk(groups, bytes) {
  const path = join(folder, 'bare');
  const file = await open(path, 'w');
  const content = randomBytes(bytes);
  const times = [];
  const startedAt = performance.now();
  for (let index = 0; index < groups; index += 1) {
    const at = performance.now();
    await file.write(content);
    await file.datasync();
    times.push(performance.now() - at);
  }
  const total = performance.now() - startedAt;
  await file.close();
  await rm(path);
  return { total, times };
}

const files = name => join(folder, name);

/** The store's files as a kill would leave them now. Snapshots are replaced whole, so a second name for one is a copy. */
async function crashCopy(name) {
  const target = `${folder}-${name}`;
  await mkdir(target);
  await link(files('bench.db'), join(target, 'bench.db'));
  await link(files('bench.journal.old'), join(target, 'bench.journal.old')).catch(() => undefined);
  await cp(files('bench.journal'), join(target, 'bench.journal'));
  return target;
}

/** What a copy takes to open, and how many rows it has then. */
async function recover(target) {
  let journal = 0;
  for (const name of ['bench.journal', 'bench.journal.old']) {
    journal += (await stat(join(target, name)).catch(() => ({ size: 0 }))).size;
  }
  const at = performance.now();
  const crashed = new JournaledStore({ directory: target, name: 'bench', schema });
  await crashed.open();
  const [{ count }] = await crashed.query('count');
  const ms = performance.now() - at;
  await crashed.close();
  await rm(target, { recursive: true });
  return { ms, journal, count };
}

// A kill just before a snapshot takes its place leaves the most to be replayed: two journals.
let beforeInstall;
const fs = {
  ...fsp,
  rename: async (from, to) => {
    if (to.endsWith('bench.db')) await beforeInstall?.();
    await fsp.rename(from, to);
  },
};
const store = new JournaledStore({ directory: folder, name: 'bench', schema, fs });
store.on('error', ({ error }) => console.log('error:', error.message));
const checkpoints = [];
store.on('checkpointed', ({ bytes, durationMs }) =>
  checkpoints.push({ bytes, from: performance.now() - durationMs, to: performance.now() }),
);
await store.open();

const loop = monitorEventLoopDelay({ resolution: 1 });
loop.enable();
const acks = new Float64Array(rows);
const ackedAt = new Float64Array(rows);
let next = 0;
const startedAt = performance.now();
await Promise.all(
  Array.from({ length: IN_FLIGHT }, async () => {
    while (next < rows) {
      const id = next++;
      const at = performance.now();
      await store.write('add', params(id + 1));
      ackedAt[id] = performance.now();
      acks[id] = ackedAt[id] - at;
    }
  }),
);
const writing = performance.now() - startedAt;
loop.disable();

const duringCheckpoint = [];
const otherwise = [];
for (let id = 0; id < rows; id += 1) {
  const from = ackedAt[id] - acks[id];
  const during = checkpoints.some(each => ackedAt[id] >= each.from && from <= each.to);
  (during ? duringCheckpoint : otherwise).push(acks[id]);
}

let at = performance.now();
await store.query('count');
const lag = performance.now() - at;

// At a rate that a station never reaches, but below that of SQL: what a snapshot of the full size does to it.
const PACE = 20_000;
async function paced(durationMs, until = () => true, acked = () => undefined) {
  const times = [];
  const writes = [];
  const from = performance.now();
  while (performance.now() - from < durationMs || !until()) {
    const due = ((performance.now() - from) / 1000) * PACE;
    while (writes.length < due) {
      const called = performance.now();
      next += 1;
      const write = store.write('add', params(next)).then(() => {
        times.push(performance.now() - called);
        acked();
      });
      writes.push(write);
    }
    await new Promise(resolve => setTimeout(resolve, 2));
  }
  await Promise.all(writes);
  return times;
}
const quiet = await paced(3_000);
let done = false;
const snapshotAt = performance.now();
let checkpointing = 0;
const snapshot = store.checkpoint().then(() => {
  done = true;
  checkpointing = performance.now() - snapshotAt;
});
const busy = await paced(0, () => done);
await snapshot;

// What a kill at the worst moment would leave: the journal as long as it gets before a checkpoint is due (see checkpoint.ts),
const due = Math.max(4 * 1024 * 1024, 0.125 * (await stat(files('bench.db'))).size);
while ((await stat(files('bench.journal'))).size < due - 400 * 1_000) {
  await Promise.all(Array.from({ length: 1_000 }, () => store.write('add', params(++next))));
}
const full = { rows: next, folder: await crashCopy('crash') };
// and, at the pace of above, that journal and what came while the snapshot was written.
const worst = { rows: 0, folder: undefined };
beforeInstall = async () => {
  beforeInstall = undefined;
  worst.rows = acknowledged;
  worst.folder = await crashCopy('crash-in-checkpoint');
};
let acknowledged = next;
let isInstalled = false;
store.once('checkpointed', () => {
  isInstalled = true;
});
await paced(
  0,
  () => isInstalled,
  () => {
    acknowledged += 1;
  },
);

at = performance.now();
await store.close();
const closing = performance.now() - at;
const size = (await stat(files('bench.db'))).size;
at = performance.now();
const again = new JournaledStore({ directory: folder, name: 'bench', schema });
await again.open();
const reopening = performance.now() - at;
const [{ count }] = await again.query('count');
await again.close();

const afterCrash = await recover(full.folder);
if (afterCrash.count !== full.rows)
  throw new RangeError(`${full.rows} rows were written, ${afterCrash.count} recovered`);
const inCheckpoint = await recover(worst.folder);
if (inCheckpoint.count < worst.rows) {
  throw new RangeError(`${worst.rows} rows were acknowledged, ${inCheckpoint.count} recovered`);
}

const readAt = performance.now();
await readFile(files('bench.db'));
const reading = { snapshot: performance.now() - readAt };

const groups = Math.max(200, Math.round(writing / 10));
const bare = await bareDisk(Math.min(groups, 1_000), 256 * 1024);
const small = await bareDisk(500, 300);

const perSecond = (bytes, ms) => bytes / 1e6 / (ms / 1_000);
tell(
  'store, writes',
  `single-row writes, ${IN_FLIGHT} in flight`,
  [
    {
      who: 'the disk alone, groups of 256 KiB',
      'writes/s': bare.times.length / (bare.total / 1_000),
      'MB/s': perSecond(bare.times.length * 256 * 1_024, bare.total),
    },
    { who: 'store', 'writes/s': rows / (writing / 1_000), 'MB/s': perSecond((rows * size) / count, writing) },
  ],
  { words: '20,000 writes/s', met: rows / (writing / 1_000) >= 20_000 },
);
const extra = Math.max(0, slowest(busy) - slowest(quiet));
tell(
  'store, acknowledgements',
  'from the call to its promise',
  [
    spread('the disk alone, 300 bytes written and flushed', small.times),
    spread('the disk alone, 256 KiB', bare.times),
    spread(`${IN_FLIGHT} in flight, no checkpoint`, otherwise),
    spread(`${IN_FLIGHT} in flight, in one of ${checkpoints.length} checkpoints`, duringCheckpoint),
    spread(`${PACE} a second`, quiet),
    spread(`${PACE} a second, while a snapshot is written`, busy),
  ],
  { words: 'a snapshot makes the slowest at most 100 ms slower', met: extra <= 100 },
);
tell(
  'store, open',
  `${count} rows of ${(size / count).toFixed(1)} bytes; bare: the same bytes are read`,
  [
    { what: 'the snapshot read alone', ms: reading.snapshot, 'journals, MB': 0 },
    { what: 'after a clean stop', ms: reopening, 'journals, MB': 0 },
    { what: 'after a crash', ms: afterCrash.ms, 'journals, MB': afterCrash.journal / 1e6 },
    { what: 'after a crash in a checkpoint', ms: inCheckpoint.ms, 'journals, MB': inCheckpoint.journal / 1e6 },
  ],
  {
    words: '3 s each, and 250 bytes a row',
    met: Math.max(reopening, afterCrash.ms, inCheckpoint.ms) <= 3_000 && size / count <= 250,
  },
);
tell('store, host', 'what else was seen', [
  {
    'event loop late, p50, ms': loop.percentile(50) / 1e6,
    'p99, ms': loop.percentile(99) / 1e6,
    'longest, ms': loop.max / 1e6,
    'SQL behind at the end, ms': lag,
    'a snapshot meanwhile, ms': checkpointing,
    'close, ms': closing,
    'resident, MB': process.memoryUsage().rss / 1e6,
  },
]);

await rm(folder, { recursive: true });
await rm(bundles, { recursive: true });

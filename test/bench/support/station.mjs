/** The station of the benches: its folders, its converter, and the same work as a script that one writes by hand. */
import { rmSync } from 'node:fs';
import {
  link,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { AsyncConverterPool, ConverterBase, PendingQueue } from 'millrace';
import pLimit from 'p-limit';
import { content, toReport } from './content.mjs';
import { amount } from './table.mjs';

export const CONCURRENCY = 10;

export class BenchConverter extends ConverterBase {
  name = 'bench';
  supportedExtensions = ['.csv'];
  async convert(source) {
    return toReport(await source.text());
  }
}

const stations = [];
// Where several benches run, whoever runs them removes all of it at the end.
if (process.env.BENCH_JSON === undefined) {
  process.on('exit', () => {
    for (const folder of stations) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });
}

/**
 * Runs `work` with a station on the disk that BENCH_FOLDER names, by default the one of the repo; temp folders are often in
 * memory. It is removed when the process ends, and not before: ext4 gives no file the inode of one that was removed within
 * the last minutes, and steps over them one by one, so that what one round cleans up would slow down the next.
 */
export async function withStation(work) {
  const folder = await mkdtemp(join(process.env.BENCH_FOLDER ?? process.cwd(), '.bench-station-'));
  stations.push(folder);
  for (const name of ['watch', 'Done', 'staging']) await mkdir(join(folder, name));
  return work(folder);
}

/** Puts files into the watch folder, and waits until they are as old as a backlog is: a new file has to rest first. */
export async function fill(folder, count, { from = 0, rows } = {}) {
  const numbers = Array.from({ length: count }, (_, index) => from + index);
  await pLimit(64).map(numbers, n =>
    writeFile(join(folder, 'watch', `unit-${String(n).padStart(8, '0')}.csv`), content(n, rows)),
  );
  await pause(amount(2_500, 0));
}

/** A pool over the folder as a user would set it up, MOVE, with what a bench wants to be different. */
export function makePool(folder, submitter, { converter = {}, pending = {}, ...options } = {}) {
  return new AsyncConverterPool({
    dataDir: join(folder, 'state'),
    pending: new PendingQueue({ directory: join(folder, 'state', 'pending'), submitter, minFreeBytes: 0, ...pending }),
    concurrency: CONCURRENCY,
    minFreeBytes: 0,
    converters: [{ converter: new BenchConverter(), watchFolder: join(folder, 'watch'), ...converter }],
    ...options,
  });
}

/** From the start until nothing is left to do. */
export async function runPool(pool) {
  await pool.start();
  await pool.idle();
  await pool.stop();
}

/** The same steps by hand, and none of the safety: list, read, convert, submit, rename. */
export async function naiveBacklog(folder, submit, { convert = toReport, concurrency = CONCURRENCY } = {}) {
  const names = await readdir(join(folder, 'watch'));
  await pLimit(concurrency).map(names, async name => {
    const path = join(folder, 'watch', name);
    await submit(await convert(await readFile(path, 'utf8')));
    await rename(path, join(folder, 'Done', name));
  });
}

/**
 * The physical work of custody alone, by hand: the file operations that performance.md lists, and three records, each on
 * the disk before the next step; those that come together share a flush. Nothing looks at what comes back.
 */
export async function bareCustody(folder, submit, { convert = toReport, concurrency = CONCURRENCY } = {}) {
  const journal = await open(join(folder, 'journal'), 'a');
  const record = sharingFlushes(journal);
  const end = async (name, path) => {
    await record(`delivered ${name}\n`);
    await link(path, join(folder, 'Done', name));
    const aside = join(folder, 'staging', name);
    await rename(path, aside);
    await stat(aside);
    await unlink(aside);
    await lstat(path).catch(() => undefined);
    await record(`completed ${name}\n`);
  };
  const names = await readdir(join(folder, 'watch'));
  await Promise.all(names.map(name => stat(join(folder, 'watch', name))));
  const endings = [];
  await pLimit(concurrency).map(names, async name => {
    const path = join(folder, 'watch', name);
    const file = await open(path, 'r');
    const { size } = await file.stat();
    const text = Buffer.alloc(size);
    await file.read(text, 0, size, 0);
    await file.close();
    await record(`claimed ${name}\n`);
    const report = await convert(text.toString());
    await stat(path);
    await submit(report);
    // As in the pool, the next file need not wait for what is left to do.
    endings.push(end(name, path));
  });
  await Promise.all(endings);
  await journal.close();
}

/** What writes a line and resolves once it is on the disk; lines that come meanwhile go out with the next flush. */
export function sharingFlushes(file) {
  let lines = [];
  const flush = sharing(async () => {
    const batch = lines.join('');
    lines = [];
    await file.write(batch);
    await file.datasync();
  });
  return line => {
    lines.push(line);
    return flush();
  };
}

/** Runs `work` for whoever calls: once for all who come while it runs for others. */
export function sharing(work) {
  let waiting = [];
  let running = false;
  const run = async () => {
    running = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await work();
      for (const resolve of batch) resolve();
    }
    running = false;
  };
  return () =>
    new Promise(resolve => {
      waiting.push(resolve);
      if (!running) void run();
    });
}

/** Counts what is submitted, and answers at once. */
export function inMemory() {
  const submit = async () => {
    submit.count += 1;
    return {};
  };
  submit.count = 0;
  return submit;
}

/** Files a second, and the processor's time for each, which other work on the machine disturbs less. */
export async function timed(files, work) {
  const startedAt = performance.now();
  const processorAt = process.cpuUsage();
  await work();
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(processorAt);
  return { perSecond: files / seconds, cpuUs: (user + system) / files };
}

/** A bench that delivered another number than it was given measured something else. */
export function assertCount(found, expected) {
  if (found !== expected) throw new Error(`${found} of ${expected} files were delivered`);
}

/** The station of the benches: its folders, its converter, and the same work as a script that one writes by hand. */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
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

/** Runs `work` with a station on the disk that BENCH_FOLDER names, by default the one of the repo; temp folders are often in memory. */
export async function withStation(work) {
  const folder = await mkdtemp(join(process.env.BENCH_FOLDER ?? process.cwd(), '.bench-station-'));
  try {
    for (const name of ['watch', 'Done', 'staging']) await mkdir(join(folder, name));
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
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

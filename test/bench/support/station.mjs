/** The station of the benches: its files, its folders, its converter, and the same work as a script that one writes by hand. */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AsyncConverterPool, ConverterBase, PendingQueue } from 'millrace';
import pLimit from 'p-limit';

const ROWS = 10;
export const CONCURRENCY = 10;

/** The text of file number `n`: a header and ten measurements, some 300 bytes. */
export function content(n) {
  const rows = Array.from({ length: ROWS }, (_, row) => `Voltage ${row};${(n * 31 + row * 7) % 5_000};0;4999;V`);
  return `SN;SN-${String(n).padStart(8, '0')}\n${rows.join('\n')}\n`;
}

/** What a user's converter does with it. */
export function toReport(text) {
  const [head, ...rows] = text.trimEnd().split('\n');
  const steps = rows.map(row => {
    const [name, value, low, high, unit] = row.split(';');
    return { name, value: Number(value), low: Number(low), high: Number(high), unit };
  });
  return {
    sn: head.split(';')[1],
    pn: 'PART-1',
    result: steps.every(({ value, low, high }) => low <= value && value <= high) ? 'P' : 'F',
    steps,
  };
}

export class BenchConverter extends ConverterBase {
  name = 'bench';
  supportedExtensions = ['.csv'];
  async convert(source) {
    return toReport(await source.text());
  }
}

/** A folder on the disk that BENCH_FOLDER names, by default the one of the repo; temp folders are often in memory. */
export async function stationFolder() {
  const folder = await mkdtemp(join(process.env.BENCH_FOLDER ?? process.cwd(), '.bench-station-'));
  await mkdir(join(folder, 'watch'));
  await mkdir(join(folder, 'Done'));
  return folder;
}

export const removeFolder = folder => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });

/** Puts files into the watch folder. */
export async function fill(folder, count, from = 0) {
  const slots = pLimit(64);
  const numbers = Array.from({ length: count }, (_, index) => from + index);
  await slots.map(numbers, n => writeFile(join(folder, 'watch', `unit-${String(n).padStart(8, '0')}.csv`), content(n)));
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

/** The same steps by hand, and none of the safety: list, read, convert, submit, rename. @returns How many files. */
export async function naiveBacklog(folder, submit, convert = toReport) {
  const slots = pLimit(CONCURRENCY);
  const names = await readdir(join(folder, 'watch'));
  await slots.map(names, async name => {
    const path = join(folder, 'watch', name);
    await submit(await convert(await readFile(path, 'utf8')));
    await rename(path, join(folder, 'Done', name));
  });
  return names.length;
}

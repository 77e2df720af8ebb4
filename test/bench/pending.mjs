/** Reports that waited through an outage: how long the queue needs to start on them, and what each costs from the first to the last. */
import { mkdir, readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PendingQueue } from 'millrace';
import pLimit from 'p-limit';
import { content, toReport } from './support/content.mjs';
import { assertCount, withStation } from './support/station.mjs';
import { amount, median, tell } from './support/table.mjs';

const REPORTS = amount(100_000, 1_000);
const PARTS = 10;

async function outage(folder) {
  const directory = join(folder, 'pending');
  await mkdir(directory);
  const from = Date.UTC(2026, 0, 1);
  await pLimit(64).map(
    Array.from({ length: REPORTS }, (_, n) => n),
    n => {
      const stamp = new Date(from + n).toISOString().replace(/[-:]/g, '');
      const id = `${String(n).padStart(8, '0')}-0000-5000-8000-000000000000`;
      return writeFile(join(directory, `${stamp}-${id}.a0.json.queued`), JSON.stringify(toReport(content(n))));
    },
  );
  return directory;
}

/** Ms at which each tenth was delivered, as µs a report. */
const costs = marks => marks.slice(1).map((at, index) => ((at - marks[index]) * 1_000) / (REPORTS / PARTS));

const naive = await withStation(async folder => {
  const directory = await outage(folder);
  const marks = [performance.now()];
  let done = 0;
  const names = (await readdir(directory)).sort();
  const listedMs = performance.now() - marks[0];
  await pLimit(5).map(names, async name => {
    JSON.parse(await readFile(join(directory, name), 'utf8'));
    await unlink(join(directory, name));
    done += 1;
    if (done % (REPORTS / PARTS) === 0) marks.push(performance.now());
  });
  return { startMs: listedMs, costs: costs(marks) };
});

const ours = await withStation(async folder => {
  const directory = await outage(folder);
  const marks = [];
  let done = 0;
  const queue = new PendingQueue({
    directory,
    minFreeBytes: 0,
    submitter: async () => {
      done += 1;
      if (done % (REPORTS / PARTS) === 0) marks.push(performance.now());
      return {};
    },
  });
  queue.pause();
  const startedAt = performance.now();
  const read = new Promise(resolve => queue.once('recovered', resolve));
  await queue.start();
  await read;
  const startMs = performance.now() - startedAt;
  marks.push(performance.now());
  queue.resume();
  await queue.drain();
  await queue.stop();
  assertCount(done, REPORTS);
  return { startMs, costs: costs(marks) };
});
const row = (who, { startMs, costs: each }) => ({
  who,
  'start, ms': startMs,
  'first tenth, µs a report': each[0],
  'median tenth': median(each),
  'last tenth': each.at(-1),
});
const rows = [row('naive (list, read, unlink)', naive), row('millrace', ours)];
tell('pending', `${REPORTS} reports recovered and drained`, rows, {
  words: 'start under 5 s, the last tenth at most 1.1 times the median one',
  met: ours.startMs < 5_000 && ours.costs.at(-1) <= 1.1 * median(ours.costs),
});

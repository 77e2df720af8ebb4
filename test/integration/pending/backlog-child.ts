/** Makes a pending folder with many reports, starts a queue on it, and prints what that cost. */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PendingQueue } from '../../../src/pending/pending-queue.js';

const ROUNDS = 5;
const PER_ROUND = 200;

const [directory = '', count = '0'] = process.argv.slice(2);
mkdirSync(directory, { recursive: true });
for (let n = 0; n < Number(count); n++) {
  const stamp = new Date(Date.UTC(2026, 0, 1) + n).toISOString().replace(/[-:]/g, '');
  const id = `${String(n).padStart(8, '0')}-0000-5000-8000-000000000000`;
  writeFileSync(join(directory, `${stamp}-${id}.a0.json.queued`), `{"n":${n}}`);
}

/** Ms for each of so many repetitions: the best of some rounds, because the machine has other work, too. */
async function best(round: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < ROUNDS; n++) {
    const from = performance.now();
    await round();
    times.push((performance.now() - from) / PER_ROUND);
  }
  return Math.min(...times);
}

const arrived: unknown[] = [];
const queue = new PendingQueue({
  directory,
  minFreeBytes: 0,
  submitter: async report => {
    arrived.push(report);
    return {};
  },
});
queue.pause();
const loaded = once(queue, 'recovered');
global.gc?.();
const before = process.memoryUsage().heapUsed;
// Of the processor, not of the wall clock: the machine has other work, too.
const startedAt = process.cpuUsage();
await queue.start();
// A busy machine may need longer to list the folder than a start waits.
await loaded;
const startMs = process.cpuUsage(startedAt).user / 1_000;
const waiting = queue.size;
global.gc?.();
const heapBytesPerReport = (process.memoryUsage().heapUsed - before) / waiting;
let next = 0;
const msPerEnqueue = await best(async () => {
  for (const end = next + PER_ROUND; next < end; next++) await queue.enqueue({ next });
});
queue.resume();
const msPerDelivery = await best(async () => {
  for (const goal = arrived.length + PER_ROUND; arrived.length < goal; ) await new Promise(setImmediate);
});
await queue.stop();
const inOrder = arrived.every((report, n) => (report as { n: number }).n < n + 5);
process.stdout.write(JSON.stringify({ waiting, startMs, heapBytesPerReport, msPerEnqueue, msPerDelivery, inOrder }));

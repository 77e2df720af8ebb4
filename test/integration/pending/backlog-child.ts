/** Makes a pending folder with many reports, starts a queue on it, and prints what that cost. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { PendingQueue } from '../../../src/pending/pending-queue.js';

const [directory = '', count = '0'] = process.argv.slice(2);
mkdirSync(directory, { recursive: true });
for (let n = 0; n < Number(count); n++) {
  const stamp = new Date(Date.UTC(2026, 0, 1) + n).toISOString().replace(/[-:]/g, '');
  const id = `${String(n).padStart(8, '0')}-0000-5000-8000-000000000000`;
  writeFileSync(join(directory, `${stamp}-${id}.a0.json.queued`), `{"n":${n}}`);
}
let arrived = 0;
const queue = new PendingQueue({
  directory,
  minFreeBytes: 0,
  submitter: async () => {
    arrived += 1;
    return {};
  },
});
queue.pause();
global.gc?.();
const before = process.memoryUsage().heapUsed;
const loop = monitorEventLoopDelay({ resolution: 5 });
loop.enable();
const startedAt = performance.now();
await queue.start();
const startMs = performance.now() - startedAt;
const longestStallMs = loop.max / 1e6;
const waiting = queue.size;
global.gc?.();
const heapBytesPerReport = (process.memoryUsage().heapUsed - before) / waiting;
const deliver = async (more: number): Promise<number> => {
  const goal = arrived + more;
  const from = performance.now();
  while (arrived < goal) await new Promise(setImmediate);
  return (performance.now() - from) / more;
};
queue.resume();
const msPerDeliveryFirst = await deliver(1_000);
const msPerDeliveryLater = await deliver(1_000);
await queue.stop();
process.stdout.write(
  JSON.stringify({
    waiting,
    startMs,
    heapBytesPerReport,
    longestStallMs,
    delivered: arrived,
    msPerDeliveryFirst,
    msPerDeliveryLater,
  }),
);

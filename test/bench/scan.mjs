/**
 * What a start with a big backlog costs: from `start()` until every file is queued, and from then to the first delivery. By
 * hand, the same files are listed, looked at and sorted by age.
 */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import pLimit from 'p-limit';
import { assertCount, fill, inMemory, makePool, withStation } from './support/station.mjs';
import { amount, interleaved, median, tell } from './support/table.mjs';

const FILES = amount(100_000, 1_000);
const ROUNDS = amount(3, 1);
const LOOKS_AT_ONCE = 32;

/** What `work` takes, and how long the event loop is late meanwhile. */
async function timed(work) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  delay.disable();
  return {
    seconds,
    cpuSeconds: (user + system) / 1e6,
    p99Ms: delay.percentile(99) / 1e6,
    longestMs: delay.max / 1e6,
  };
}

async function byHand(watch) {
  const names = await readdir(watch);
  const looks = await pLimit(LOOKS_AT_ONCE).map(names, async name => ({ name, stat: await lstat(join(watch, name)) }));
  looks.sort((a, b) => a.stat.mtimeMs - b.stat.mtimeMs);
  assertCount(looks.length, FILES);
}

await withStation(async folder => {
  await fill(folder, FILES);
  const results = await interleaved(ROUNDS, {
    naive: () => timed(() => byHand(join(folder, 'watch'))),
    millrace: async round => {
      const pool = makePool(folder, inMemory(), {
        dataDir: join(folder, `state-${round}`),
        startupScan: { timeoutMs: 3_600_000 },
        converter: { postProcess: 'keep' },
      });
      // Nothing is converted before every file is queued: what is measured is the way there.
      pool.pause();
      let scanned;
      pool.once('scanCompleted', statistics => {
        scanned = statistics;
      });
      const figures = await timed(() => pool.start());
      assertCount(scanned.queued, FILES);
      const delivered = new Promise(resolve => pool.once('delivered', resolve));
      const startedAt = performance.now();
      pool.resume();
      await delivered;
      const firstMs = performance.now() - startedAt;
      await pool.stop({ timeoutMs: 0 });
      return { ...figures, firstMs };
    },
  });
  const rows = Object.entries(results).map(([who, rounds]) => {
    const middle = key => median(rounds.map(one => one[key]));
    return {
      who,
      'until all are queued, s': middle('seconds'),
      'processor, all threads, s': middle('cpuSeconds'),
      'to the first delivery, ms': rounds[0].firstMs === undefined ? '-' : middle('firstMs'),
      'loop late, p99, ms': middle('p99Ms'),
      'longest, ms': middle('longestMs'),
    };
  });
  tell('scan', `${FILES} files wait in one folder, median of ${ROUNDS}`, rows, {
    words: 'under 10 s, and the first delivery within 0.25 s of it',
    met: rows[1]['until all are queued, s'] < 10 && rows[1]['to the first delivery, ms'] < 250,
  });
});

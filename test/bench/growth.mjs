/** What a file costs with more and more of them waiting: it should be the same. */
import {
  assertCount,
  fill,
  inMemory,
  makePool,
  naiveBacklog,
  runPool,
  timed,
  withStation,
} from './support/station.mjs';
import { amount, tell } from './support/table.mjs';

/** A million takes half an hour, most of it to make the files: BENCH_MILLION=1. */
const SIZES = amount([1_000, 10_000, 100_000, ...(process.env.BENCH_MILLION ? [1_000_000] : [])], [100, 1_000]);

const rows = [];
for (const files of SIZES) {
  const measure = run =>
    withStation(async folder => {
      await fill(folder, files);
      const submit = inMemory();
      const figures = await timed(files, () => run(folder, submit));
      assertCount(submit.count, files);
      return figures;
    });
  const naive = await measure(naiveBacklog);
  const ours = await measure((folder, submit) =>
    runPool(makePool(folder, submit, { startupScan: { timeoutMs: 3_600_000 } })),
  );
  rows.push({
    waiting: files,
    'naive, µs a file': 1e6 / naive.perSecond,
    'millrace, µs a file': 1e6 / ours.perSecond,
    'millrace, processor µs a file': ours.cpuUs,
  });
}
// The smallest size pays for the start of the process's threads as well; it is shown and not compared.
const compared = rows.slice(1).map(row => row['millrace, µs a file']);
tell('growth', 'cost of a file by how many wait', rows, {
  words: 'flat within 10 % from the second size on',
  met: Math.max(...compared) <= 1.1 * Math.min(...compared),
});

/** A backlog that melts: files that wait at the start, an in-memory submitter, the ledger on, MOVE. */
import { fill, makePool, naiveBacklog, removeFolder, stationFolder } from './support/station.mjs';
import { amount, interleaved, median, tell } from './support/table.mjs';

const FILES = amount(20_000, 1_000);
const ROUNDS = amount(3, 1);

/** Files a second, from the start to the last one cleaned up. */
async function measure(run) {
  const folder = await stationFolder();
  try {
    await fill(folder, FILES);
    // At rest for long enough not to be waited for, as a backlog is.
    await new Promise(resolve => setTimeout(resolve, amount(2_500, 0)));
    let delivered = 0;
    const submit = async () => {
      delivered += 1;
      return {};
    };
    const startedAt = performance.now();
    await run(folder, submit);
    const seconds = (performance.now() - startedAt) / 1_000;
    if (delivered !== FILES) throw new Error(`${delivered} of ${FILES} files were delivered`);
    return FILES / seconds;
  } finally {
    await removeFolder(folder);
  }
}

const results = await interleaved(ROUNDS, {
  naive: () => measure((folder, submit) => naiveBacklog(folder, submit)),
  millrace: () =>
    measure(async (folder, submit) => {
      const pool = makePool(folder, submit);
      await pool.start();
      await pool.idle();
      await pool.stop();
    }),
});
const rate = { naive: median(results.naive), millrace: median(results.millrace) };
tell(
  'backlog',
  `${FILES} files of 10 rows, files a second, median of ${ROUNDS}`,
  Object.entries(rate).map(([who, perSecond]) => ({
    who,
    'files/s': perSecond,
    'times naive': perSecond / rate.naive,
  })),
  { words: 'at least 1.0 times naive', met: rate.millrace >= rate.naive },
);

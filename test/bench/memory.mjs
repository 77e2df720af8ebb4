/** Memory over many conversions, and for each file that waits. Needs --expose-gc, which `npm run bench` gives. */
import { setTimeout as pause } from 'node:timers/promises';
import { getHeapCodeStatistics } from 'node:v8';
import { assertCount, fill, inMemory, makePool, naiveBacklog, withStation } from './support/station.mjs';
import { amount, tell } from './support/table.mjs';

const FIRST = amount(10_000, 200);
const FILES = amount(100_000, 1_000);
const LOOKS = 10;
/** A pool at rest: most files that were moved in the last second are looked at once more, and then forgotten. */
const REST_MS = amount(3_000, 0);

/**
 * What is really held, the heap and what lies beside it: the least of several looks, each after a collection. V8 lets go of
 * compiled code that is not used only after some collections, and that alone is half a megabyte more or less.
 */
async function held() {
  await pause(REST_MS);
  const looks = [];
  for (let look = 0; look < LOOKS; look += 1) {
    globalThis.gc?.();
    await new Promise(setImmediate);
    const { heapUsed, external } = process.memoryUsage();
    const { code_and_metadata_size, bytecode_and_metadata_size } = getHeapCodeStatistics();
    looks.push({ all: heapUsed + external, code: code_and_metadata_size + bytecode_and_metadata_size });
  }
  return looks.reduce((least, look) => (look.all < least.all ? look : least));
}

const grown = async (folder, pool) => {
  const submit = inMemory();
  const run = pool ? await pool(folder, submit) : { melt: () => naiveBacklog(folder, submit), end: () => undefined };
  const looks = [];
  for (let from = 0; from < FILES; from += FIRST) {
    await fill(folder, FIRST, { from });
    await run.melt();
    looks.push(await held());
  }
  await run.end();
  assertCount(submit.count, FILES);
  return looks;
};

const naive = await withStation(folder => grown(folder));
const ours = await withStation(folder =>
  grown(folder, async (_, submit) => {
    const pool = makePool(folder, submit);
    await pool.start();
    return { melt: () => pool.idle(), end: () => pool.stop() };
  }),
);
const waiting = await withStation(async folder => {
  const before = (await held()).all;
  await fill(folder, FILES);
  const pool = makePool(folder, inMemory(), { startupScan: { timeoutMs: 3_600_000 } });
  pool.pause();
  await pool.start();
  const bytes = ((await held()).all - before) / FILES;
  await pool.stop({ timeoutMs: 0 });
  return bytes;
});
/**
 * The line that fits best to what was held after each so many, at its two ends: lists that are bounded, such as that of moved
 * files which are looked at once more, are fuller at one look than at the next.
 */
function ends(looks) {
  const mean = looks.reduce((sum, look) => sum + look, 0) / looks.length;
  const middle = (looks.length - 1) / 2;
  const squares = looks.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
  const slope = looks.reduce((sum, look, at) => sum + (at - middle) * (look - mean), 0) / squares;
  return { early: mean - slope * middle, late: mean + slope * middle };
}

const row = (who, looks) => {
  const { early, late } = ends(looks.map(({ all }) => all));
  const code = ends(looks.map(look => look.code));
  return {
    who,
    [`held after ${FIRST} conversions, MB`]: early / 1e6,
    [`after ${FILES}, MB`]: late / 1e6,
    'growth, %': (100 * (late - early)) / early,
    'least of all looks, MB': Math.min(...looks.map(({ all }) => all)) / 1e6,
    'most, MB': Math.max(...looks.map(({ all }) => all)) / 1e6,
    'compiled code at either end, MB': [code.early, code.late].map(bytes => (bytes / 1e6).toFixed(2)).join(', '),
  };
};
const rows = [row('naive', naive), row('millrace', ours)];
tell('memory', 'held by a process that goes on converting', rows, {
  words: 'growth under 2 %',
  met: rows[1]['growth, %'] < 2,
});
tell('memory, waiting', `${FILES} files that wait for a worker`, [{ who: 'millrace', 'bytes a file': waiting }], {
  words: 'under 1 KB a file',
  met: waiting < 1_024,
});

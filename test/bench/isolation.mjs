/** A converter that computes: on the host's thread, in one worker thread, in as many as there are cores, and in processes. */

import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import Computing, { STEPS } from './support/computing.mjs';
import { assertCount, fill, inMemory, makePool, runPool, timed, withStation } from './support/station.mjs';
import { amount, interleaved, median, tell } from './support/table.mjs';

const FILES = amount(600, 40);
/** Until then, the code of pool and workers is cold: a station runs for months. */
const WARM = FILES / 10;
const ROUNDS = amount(3, 1);
const CORES = availableParallelism();
/** On two cores, times the single thread. */
const TARGET = 1.7;

const isolated = (isolation, workers) => ({
  converter: { module: new URL('./support/computing.mjs', import.meta.url) },
  isolation,
  workers,
});
/**
 * From the first warm report to the last: how long a start takes is another question. Beside it the CPU of all threads in
 * that time: it says what isolation costs also where other programs have the cores. A process's own is not in it.
 */
const measure = converter => () =>
  withStation(async folder => {
    await fill(folder, FILES);
    const submit = inMemory();
    const pool = makePool(folder, submit, { converter });
    const converted = [];
    pool.on('converted', () => converted.push({ at: performance.now(), processor: process.cpuUsage() }));
    await runPool(pool);
    assertCount(submit.count, FILES);
    const [from, to] = [converted[WARM], converted.at(-1)];
    const { user, system } = to.processor;
    return {
      perSecond: ((FILES - 1 - WARM) / (to.at - from.at)) * 1_000,
      cpuMs: (user + system - from.processor.user - from.processor.system) / 1_000 / (FILES - 1 - WARM),
    };
  });

/** What the machine has to give: the same work in threads without anything around it. */
async function bare(threads) {
  const work = `for (let n = 0; n < workerData; n++) for (let sum = 0, step = 0; step < ${STEPS}; step++) sum = (sum * 31 + step) % 1_000_003;`;
  const code = `const { workerData } = require('node:worker_threads'); ${work}`;
  const run = () => once(new Worker(code, { eval: true, workerData: FILES / threads }), 'exit');
  return timed(FILES, () => Promise.all(Array.from({ length: threads }, run)));
}

const results = await interleaved(ROUNDS, {
  none: measure({ converter: new Computing() }),
  'worker, 1': measure(isolated('worker', 1)),
  [`worker, ${CORES}`]: measure(isolated('worker', CORES)),
  [`process, ${CORES}`]: measure(isolated('process', CORES)),
  'bare threads, 1': () => bare(1),
  [`bare threads, ${CORES}`]: () => bare(CORES),
});
const rate = name => median(results[name].map(one => one.perSecond));
const cpu = name => median(results[name].map(one => one.cpuMs ?? Number.NaN));
const rows = Object.keys(results).map(isolation => ({
  isolation,
  'files/s': rate(isolation),
  'times none': rate(isolation) / rate('none'),
  'CPU ms a file': /none|worker/.test(isolation) ? cpu(isolation) : '-',
}));
tell('isolation', `${FILES} files that compute, after the first ${WARM}, median of ${ROUNDS}`, rows, {
  words: `${TARGET} times the single thread on two cores`,
  met: rate(`worker, ${CORES}`) / rate('none') >= TARGET,
});

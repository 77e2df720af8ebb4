/**
 * A converter that waits for 20 ms, as for a database: one, five and ten at a time. Each has files for the same time: with
 * the same files, ten at a time would be over in two seconds, of which the start and the end of the pool are a good part.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { toReport } from './support/content.mjs';
import {
  assertCount,
  BenchConverter,
  fill,
  inMemory,
  makePool,
  naiveBacklog,
  runPool,
  timed,
  withStation,
} from './support/station.mjs';
import { amount, interleaved, median, tell } from './support/table.mjs';

/** For each that works at a time. */
const FILES = amount(600, 20);
const ROUNDS = amount(3, 1);
const WAIT_MS = 20;
const TARGETS = { 5: 4.8, 10: 9.5 };

class Waiting extends BenchConverter {
  async convert(source) {
    await pause(WAIT_MS);
    return super.convert(source);
  }
}

const measure = (concurrency, run) => () =>
  withStation(async folder => {
    const files = FILES * concurrency;
    await fill(folder, files);
    const submit = inMemory();
    const figures = await timed(files, () => run(folder, submit));
    assertCount(submit.count, files);
    return figures;
  });
const convert = async text => {
  await pause(WAIT_MS);
  return toReport(text);
};

const contenders = {};
for (const concurrency of [1, 5, 10]) {
  contenders[`naive ${concurrency}`] = measure(concurrency, (folder, submit) =>
    naiveBacklog(folder, submit, { convert, concurrency }),
  );
  contenders[`millrace ${concurrency}`] = measure(concurrency, (folder, submit) =>
    runPool(makePool(folder, submit, { concurrency, converter: { converter: new Waiting() } })),
  );
}
const results = await interleaved(ROUNDS, contenders);
const rate = name => median(results[name].map(one => one.perSecond));
const rows = [1, 5, 10].map(concurrency => ({
  concurrency,
  'naive, files/s': rate(`naive ${concurrency}`),
  'naive, times one': rate(`naive ${concurrency}`) / rate('naive 1'),
  'millrace, files/s': rate(`millrace ${concurrency}`),
  'millrace, times one': rate(`millrace ${concurrency}`) / rate('millrace 1'),
}));
tell('concurrency', `${FILES} files for each at a time, with a converter of ${WAIT_MS} ms, median of ${ROUNDS}`, rows, {
  words: '4.8 times with 5 and 9.5 times with 10',
  met: rows.every(row => row['millrace, times one'] >= (TARGETS[row.concurrency] ?? 0)),
});

/** A backlog that melts: files that wait at the start, an in-memory submitter, the ledger on, MOVE. */
import {
  assertCount,
  bareCustody,
  fill,
  inMemory,
  makePool,
  naiveBacklog,
  runPool,
  timed,
  withStation,
} from './support/station.mjs';
import { amount, compared, interleaved, tell } from './support/table.mjs';

const FILES = amount(20_000, 1_000);
const ROUNDS = amount(3, 1);

const measure = run => () =>
  withStation(async folder => {
    await fill(folder, FILES);
    const submit = inMemory();
    const figures = await timed(FILES, () => run(folder, submit));
    assertCount(submit.count, FILES);
    return figures;
  });

const results = await interleaved(ROUNDS, {
  naive: measure(naiveBacklog),
  bare: measure(bareCustody),
  millrace: measure((folder, submit) => runPool(makePool(folder, submit))),
});
const { rows, ratio } = compared(results, 'naive');
tell('backlog', `${FILES} files of 10 rows, in-memory submitter, median of ${ROUNDS}`, rows, {
  words: 'at least 1.0 times naive',
  met: ratio.millrace >= 1,
});

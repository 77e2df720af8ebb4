/** The tests of a converter: real files, what it says of bad ones, and thousands of broken ones. `node --test` runs them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fuzzConverter, matchGolden, runConverter } from 'millrace/testing';
import { BenchLogConverter } from './converter.mjs';

const here = path => fileURLToPath(new URL(path, import.meta.url));
const converter = new BenchLogConverter({ partNumber: 'PART-1', revision: 'A', processCode: 10, location: 'Line 2' });
const head = 'SerialNumber=SN-1\nStarted=2026-02-01T08:00:00+01:00\n\n';

test('a real file becomes the report that is stored', async () => {
  const { status, reports } = await runConverter(converter, here('samples/bench.log'), { stationName: 'BENCH-1' });
  assert.equal(status, 'success');
  // Written once with MILLRACE_UPDATE_GOLDEN=1, looked at, and committed.
  await matchGolden(reports, here('golden/bench.json'));
});

test('what is measured is evaluated', async () => {
  const { reports } = await runConverter(converter, `${head}VCC;3.31;V;3.2;3.4\nICC;0.62;A;0.1;0.5\n`);
  assert.deepEqual(
    reports[0].root.steps.map(step => [step.name, step.status]),
    [
      ['VCC', 'P'],
      ['ICC', 'F'],
    ],
  );
});

test('a bad line is named', async () => {
  const { status, error } = await runConverter(converter, `${head}VCC;high;V;3.2;3.4\n`, { name: 'a.log' });
  assert.equal(status, 'failed');
  assert.equal(error.code, 'FILE_FORMAT');
  assert.equal(error.message, "a.log at line 4: expected a number such as 3.31, and it is 'high'");
});

test('a file of another tester is rejected', async () => {
  const { status, reason } = await runConverter(converter, 'something else\n');
  assert.deepEqual([status, reason], ['rejected', 'the first line is no serial number']);
});

test('broken files never break it', async () => {
  const { outcomes } = await fuzzConverter(converter, [here('samples/bench.log')], { runs: 300 });
  assert.ok(outcomes.failed > 0 && outcomes.rejected > 0);
});

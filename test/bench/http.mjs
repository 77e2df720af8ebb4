/**
 * Files to a server on the loopback, which runs in a process of its own. *Bare* sends as the naive script does, and has the
 * file operations and records of custody beside that.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import ky from 'ky';
import { HttpSubmitter } from 'millrace';
import {
  assertCount,
  bareCustody,
  fill,
  makePool,
  naiveBacklog,
  runPool,
  timed,
  withStation,
} from './support/station.mjs';
import { amount, compared, interleaved, tell } from './support/table.mjs';

const FILES = amount(5_000, 300);
const ROUNDS = amount(3, 1);

const server = spawn(process.execPath, [fileURLToPath(new URL('support/http-child.mjs', import.meta.url))], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const line = async () => Number((await once(server.stdout, 'data'))[0]);
const url = `http://127.0.0.1:${await line()}/api/Report/WSJF`;
const accepted = () => {
  server.stdin.write('\n');
  return line();
};

const measure = run => () =>
  withStation(async folder => {
    await fill(folder, FILES);
    const before = await accepted();
    const figures = await timed(FILES, () => run(folder));
    assertCount((await accepted()) - before, FILES);
    return figures;
  });

const send = report => ky.post(url, { json: report, retry: 0 }).json();
const results = await interleaved(ROUNDS, {
  naive: measure(folder => naiveBacklog(folder, send)),
  bare: measure(folder => bareCustody(folder, send)),
  millrace: measure(folder => runPool(makePool(folder, new HttpSubmitter({ url }), { pending: { concurrency: 10 } }))),
});
server.stdin.end();
const { rows, ratio } = compared(results, 'naive');
tell('http', `${FILES} files to a server on the loopback, median of ${ROUNDS}`, rows, {
  words: 'at least 1.0 times naive with ky',
  met: ratio.millrace >= 1,
});

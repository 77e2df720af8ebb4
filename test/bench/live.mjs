/** Files that another process drops at a steady pace: does the pool keep up, and how long after a file is ready is it delivered? */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { watch } from 'chokidar';
import { toReport } from './support/content.mjs';
import { assertCount, inMemory, makePool, withStation } from './support/station.mjs';
import { amount, quantile, tell } from './support/table.mjs';

const FILES = amount(10_000, 400);
const PER_SECOND = 200;
const now = () => performance.timeOrigin + performance.now();

/** Starts the tester; when each file had its name, by name. */
async function drop(folder) {
  const args = [fileURLToPath(new URL('support/writer-child.mjs', import.meta.url)), join(folder, 'watch')];
  const child = spawn(process.execPath, [...args, String(FILES), String(PER_SECOND)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const dropped = new Map();
  createInterface(child.stdout).on('line', line => {
    const [name, at] = line.split(' ');
    dropped.set(name, Number(at));
  });
  await once(child, 'close');
  return dropped;
}

/** From when on a file may be taken, and when it was delivered, both by name. */
const spans = (from, to) => [...to].map(([name, at]) => at - from.get(name));
const row = (who, span, ms, behindMs) => ({
  who,
  span,
  'p50, ms': quantile(ms, 0.5),
  'p95, ms': quantile(ms, 0.95),
  'p99, ms': quantile(ms, 0.99),
  'last after the writer, ms': behindMs,
});

const naive = await withStation(async folder => {
  const submit = inMemory();
  const delivered = new Map();
  let done = () => undefined;
  const all = new Promise(resolve => {
    done = resolve;
  });
  const watcher = watch(join(folder, 'watch'), { ignoreInitial: true });
  await once(watcher, 'ready');
  watcher.on('add', async path => {
    await submit(toReport(await readFile(path, 'utf8')));
    delivered.set(basename(path), now());
    await rename(path, join(folder, 'Done', basename(path)));
    if (delivered.size === FILES) done();
  });
  const dropped = await drop(folder);
  const writtenAt = now();
  await all;
  await watcher.close();
  return row('naive (no wait for rest)', 'dropped to delivered', spans(dropped, delivered), now() - writtenAt);
});

const [ready, whole] = await withStation(async folder => {
  const submit = inMemory();
  const queued = new Map();
  const delivered = new Map();
  const pool = makePool(folder, submit);
  pool.on('queued', ({ path }) => queued.set(basename(path), now()));
  pool.on('delivered', ({ path }) => delivered.set(basename(path), now()));
  await pool.start();
  const dropped = await drop(folder);
  const writtenAt = now();
  await pool.idle();
  const behindMs = now() - writtenAt;
  await pool.stop();
  assertCount(delivered.size, FILES);
  return [
    row('millrace', 'ready to delivered', spans(queued, delivered), behindMs),
    row('millrace', 'dropped to delivered', spans(dropped, delivered), behindMs),
  ];
});
tell('live', `${FILES} files, ${PER_SECOND} a second, from another process`, [naive, ready, whole], {
  words: 'p95 from ready to delivered under 60 ms',
  met: ready['p95, ms'] < 60,
});

/** A station from a configuration file, which is changed while it runs. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { AsyncConverterPool, loadConfig } from 'millrace';
import { FakeServer } from 'millrace/testing';

const root = await mkdtemp(join(tmpdir(), 'millrace-configured-'));
for (const name of ['ict', 'burn-in']) await mkdir(join(root, name, 'watch'), { recursive: true });
const server = await FakeServer.start(); // In place of yours.

const file = new URL('station.yaml', import.meta.url);
// A program of yours leaves this out: the variables are those of its process.
const environment = { STATION_ROOT: root, SERVER_URL: server.url, SERVER_TOKEN: 'Basic c2VjcmV0' };

const pool = new AsyncConverterPool(await loadConfig(file, { environment }));
pool.on('error', ({ error }) => process.stderr.write(`${error.message}\n`));
await pool.start();
await writeFile(join(root, 'ict/watch/1.csv'), 'SN-1;P');
await writeFile(join(root, 'burn-in/watch/2.csv'), 'SN-2,F');
await pool.idle();
assert.deepEqual(await readdir(join(root, 'burn-in/watch')), ['2.csv']); // Not enabled yet.

const { added, unchanged } = await pool.reload(
  await loadConfig(file, { environment: { ...environment, BURN_IN: 'yes' } }),
);
assert.deepEqual([added, unchanged], [['burn-in'], ['ict']]);
await pool.idle();
await pool.stop();
await server.stop();

assert.deepEqual(
  server.reports.map(report => report.body),
  [
    { sn: 'SN-1', result: 'P' },
    { sn: 'SN-2', result: 'F' },
  ],
);
assert.deepEqual(await readdir(join(root, 'burn-in/Done')), ['2.csv.zip']);
process.stdout.write('The file said what to convert, and a reload added the second converter.\n');
await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });

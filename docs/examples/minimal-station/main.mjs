/** The smallest station: one converter, one folder, one server. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { AsyncConverterPool, ConverterBase, HttpSubmitter } from 'millrace';
import { FakeServer } from 'millrace/testing';

class NameAndResult extends ConverterBase {
  name = 'name-and-result';
  supportedExtensions = ['.txt'];

  async convert(source) {
    const [sn, result] = (await source.text()).trim().split(' ');
    return { sn, result };
  }
}

const root = await mkdtemp(join(tmpdir(), 'millrace-minimal-'));
const watchFolder = join(root, 'watch');
await mkdir(watchFolder);
await writeFile(join(watchFolder, 'unit-1.txt'), 'SN-1 P'); // There before the start: found all the same.

const server = await FakeServer.start(); // In place of yours.
const pool = new AsyncConverterPool({
  dataDir: join(root, 'state'),
  submitter: new HttpSubmitter({ url: `${server.url}/reports` }),
  converters: [{ converter: new NameAndResult(), watchFolder }],
});
pool.on('error', ({ error }) => process.stderr.write(`${error.message}\n`));

await pool.start();
await writeFile(join(watchFolder, 'unit-2.txt'), 'SN-2 F');
await pool.idle();
await pool.stop();
await server.stop();

assert.deepEqual(
  server.reports.map(report => report.body).sort((a, b) => (a.sn < b.sn ? -1 : 1)),
  [
    { sn: 'SN-1', result: 'P' },
    { sn: 'SN-2', result: 'F' },
  ],
);
assert.deepEqual((await readdir(join(root, 'Done'))).sort(), ['unit-1.txt', 'unit-2.txt']);
assert.deepEqual(await readdir(watchFolder), []);
process.stdout.write('Two files became two reports, and moved to Done.\n');
await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });

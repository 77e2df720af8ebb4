/** A server that is away, a station that is restarted meanwhile, and reports that arrive once all the same. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { AsyncConverterPool, ConverterBase, HttpSubmitter, PendingQueue } from 'millrace';
import { FakeServer } from 'millrace/testing';

class SerialNumber extends ConverterBase {
  name = 'serial-number';
  supportedExtensions = ['.txt'];

  async convert(source) {
    return { sn: (await source.text()).trim() };
  }
}

const root = await mkdtemp(join(tmpdir(), 'millrace-offline-'));
const watchFolder = join(root, 'watch');
const pendingFolder = join(root, 'pending');
await mkdir(watchFolder);
const server = await FakeServer.start();

/** The station's process; a pool and its queue live once. */
function station() {
  const pending = new PendingQueue({
    directory: pendingFolder,
    submitter: new HttpSubmitter({ url: `${server.url}/reports` }),
    breaker: { failureThreshold: 2, resetTimeoutMs: 200 }, // Short, for an example.
    retry: { baseDelayMs: 50 },
  });
  const converters = [{ converter: new SerialNumber(), watchFolder }];
  return new AsyncConverterPool({ dataDir: join(root, 'state'), pending, converters });
}
const waiting = async () => (await readdir(pendingFolder)).filter(name => name.endsWith('.queued')).length;

// Morning: the server is away. Files are converted all the same, and their sources may leave.
await server.down();
const morning = station();
await morning.start();
const cleaned = new Set();
const allCleaned = new Promise(resolve => {
  morning.on('cleaned', ({ path }) => cleaned.add(path).size === 3 && resolve());
});
for (const sn of ['SN-1', 'SN-2', 'SN-3']) await writeFile(join(watchFolder, `${sn}.txt`), sn);
await allCleaned;
process.stdout.write(`${await morning.explain(join(watchFolder, 'SN-1.txt'))}\n`);
await morning.stop();
assert.equal(await waiting(), 3);
assert.deepEqual(await readdir(watchFolder), []);

// Noon: a restart, and the server is back.
await server.up();
const noon = station();
await noon.start();
await noon.idle();
assert.deepEqual(server.reports.map(report => report.body.sn).sort(), ['SN-1', 'SN-2', 'SN-3']);
assert.equal(await waiting(), 0);

// The same file once more: delivered before, so it is put away without a report.
await writeFile(join(watchFolder, 'SN-2 again.txt'), 'SN-2');
await noon.idle();
const { differences, totals } = await noon.audit();
await noon.stop();
await server.stop();
assert.deepEqual(differences, []);
assert.deepEqual(totals.files, { completed: 3, skipped: 1 });
assert.equal(server.reports.length, 3);
assert.equal(server.duplicates, 0);
process.stdout.write('Three reports, each delivered once.\n');
await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });

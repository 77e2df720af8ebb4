// A project of ES modules.
import assert from 'node:assert/strict';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AsyncConverterPool,
  ConverterBase,
  ConverterError,
  HttpSubmitter,
  MillraceError,
  nodeFileSystem,
} from 'millrace';
import { FakeServer, FaultyFileSystem, ManualClock } from 'millrace/testing';

const error = new MillraceError('QUEUE_FULL', 'full', { cause: 'disk' });
assert.ok(error instanceof Error);
assert.equal(error.name, 'MillraceError');
assert.equal(MillraceError.name, 'MillraceError');
assert.equal(error.code, 'QUEUE_FULL');
assert.ok(error.hints.length > 0);

class TesterError extends ConverterError {}
assert.ok(new TesterError('wrong') instanceof MillraceError);
assert.equal(new TesterError('wrong').code, 'CONVERTER_FAILED');

const fs = new FaultyFileSystem(nodeFileSystem);
fs.fail({ operation: 'stat', code: 'ENOSPC' });
await assert.rejects(fs.stat('main.mjs'), { code: 'ENOSPC' });
assert.equal(new ManualClock(5).now(), 5);

await assert.rejects(import('millrace/dist/index.js'), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' });

class Echo extends ConverterBase {
  name = 'echo';
  supportedExtensions = ['.txt'];

  async convert(source) {
    return { text: await source.text() };
  }
}

const root = await mkdtemp(join(tmpdir(), 'millrace-consumer-'));
await mkdir(join(root, 'watch'));
await writeFile(join(root, 'watch', 'unit.txt'), 'SN-1');
const server = await FakeServer.start();
const pool = new AsyncConverterPool({
  dataDir: join(root, 'state'),
  submitter: new HttpSubmitter({ url: server.url }),
  converters: [{ converter: new Echo(), watchFolder: join(root, 'watch') }],
});
await pool.start();
await pool.idle();
await pool.stop();
await server.stop();
assert.deepEqual(
  server.reports.map(report => report.body),
  [{ text: 'SN-1' }],
);
await access(join(root, 'Done', 'unit.txt'));
await rm(root, { recursive: true, maxRetries: 5, retryDelay: 100 });

process.stdout.write('well\n');

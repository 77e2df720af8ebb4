// A project of CommonJS modules. That `require` works also proves that the package has no top-level await.
const assert = require('node:assert/strict');
const { access, mkdir, mkdtemp, rm, writeFile } = require('node:fs/promises');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { AsyncConverterPool, ConverterBase, ConverterError, HttpSubmitter, MillraceError } = require('millrace');
const { FakeServer, FaultyFileSystem } = require('millrace/testing');

class Echo extends ConverterBase {
  name = 'echo';
  supportedExtensions = ['.txt'];

  async convert(source) {
    return { text: await source.text() };
  }
}

async function main() {
  const error = new MillraceError('QUEUE_FULL', 'full');
  assert.equal(error.code, 'QUEUE_FULL');
  assert.equal(error.name, 'MillraceError');
  assert.equal(MillraceError.name, 'MillraceError');

  class TesterError extends ConverterError {}
  assert.ok(new TesterError('wrong') instanceof MillraceError);

  // One copy, whichever way it is loaded.
  assert.equal((await import('millrace')).MillraceError, MillraceError);
  assert.equal((await import('millrace/testing')).FaultyFileSystem, FaultyFileSystem);
  assert.equal(require('millrace/package.json').name, 'millrace');

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
}

void main();

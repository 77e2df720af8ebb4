// A project of CommonJS modules. That `require` works also proves that the package has no top-level await.
const assert = require('node:assert/strict');
const { ConverterError, MillraceError } = require('millrace');
const { FaultyFileSystem } = require('millrace/testing');

async function main() {
  const error = new MillraceError('QUEUE_FULL', 'full');
  assert.equal(error.code, 'QUEUE_FULL');

  class TesterError extends ConverterError {}
  assert.ok(new TesterError('wrong') instanceof MillraceError);

  // One copy, whichever way it is loaded.
  assert.equal((await import('millrace')).MillraceError, MillraceError);
  assert.equal((await import('millrace/testing')).FaultyFileSystem, FaultyFileSystem);
  assert.equal(require('millrace/package.json').name, 'millrace');

  process.stdout.write('well\n');
}

void main();

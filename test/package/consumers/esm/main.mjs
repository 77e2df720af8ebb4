// A project of ES modules.
import assert from 'node:assert/strict';
import { ConverterError, MillraceError, nodeFileSystem } from 'millrace';
import { FaultyFileSystem, ManualClock } from 'millrace/testing';

const error = new MillraceError('QUEUE_FULL', 'full', { cause: 'disk' });
assert.ok(error instanceof Error);
assert.equal(error.name, 'MillraceError');
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

process.stdout.write('well\n');

// A project in TypeScript.
import assert from 'node:assert/strict';
import { ConverterError, type ErrorCode, type FileSystem, type Logger, MillraceError, SubmitError } from 'millrace';
import { FaultyFileSystem } from 'millrace/testing';

class TesterError extends ConverterError {
  readonly station: string;

  constructor(station: string, message: string) {
    super(message, { hints: ['Look at the tester.'] });
    this.station = station;
  }
}

const error: MillraceError = new TesterError('S1', 'wrong');
const code: ErrorCode = error.code;
assert.equal(code, 'CONVERTER_FAILED');
assert.ok(error instanceof TesterError && error.station === 'S1');

// @ts-expect-error A code that the library does not know.
assert.equal(new MillraceError('NO_SUCH_CODE', 'wrong').message, 'wrong');

const refused = new SubmitError('refused', { kind: 'permanent', status: 400 });
const status: number | undefined = refused.status;
assert.equal(status, 400);

const fs: FileSystem = new FaultyFileSystem();
const logger: Logger = console;
assert.ok((await fs.stat('main.ts')).isFile() && logger);

process.stdout.write('well\n');

// A project in TypeScript.
import assert from 'node:assert/strict';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AsyncConverterPool,
  ConverterBase,
  type ConverterContext,
  ConverterError,
  type ConverterSource,
  type ErrorCode,
  type FileSystem,
  HttpSubmitter,
  type Logger,
  MillraceError,
  type PoolEvents,
  SubmitError,
} from 'millrace';
import { FakeServer, FaultyFileSystem } from 'millrace/testing';

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
assert.equal(MillraceError.name, 'MillraceError');
assert.ok(error instanceof TesterError && error.station === 'S1');

// @ts-expect-error A code that the library does not know.
assert.equal(new MillraceError('NO_SUCH_CODE', 'wrong').message, 'wrong');

const refused = new SubmitError('refused', { kind: 'permanent', status: 400 });
const status: number | undefined = refused.status;
assert.equal(status, 400);

const fs: FileSystem = new FaultyFileSystem();
const logger: Logger = console;
assert.ok((await fs.stat('main.ts')).isFile() && logger);

interface TextReport {
  text: string;
  unit: string;
}

class Echo extends ConverterBase<TextReport, { unit: string }> {
  readonly name = 'echo';
  readonly supportedExtensions = ['.txt'];

  async convert(source: ConverterSource, context: ConverterContext<{ unit: string }>): Promise<TextReport> {
    return { text: await source.text(), unit: context.arguments.unit };
  }
}

const root = await mkdtemp(join(tmpdir(), 'millrace-consumer-'));
await mkdir(join(root, 'watch'));
await writeFile(join(root, 'watch', 'unit.txt'), 'SN-1');
const server = await FakeServer.start();
const pool = new AsyncConverterPool({
  dataDir: join(root, 'state'),
  submitter: new HttpSubmitter({ url: server.url }),
  converters: [{ converter: new Echo({ unit: 'mm' }), watchFolder: join(root, 'watch') }],
});
const completed: PoolEvents['completed'][] = [];
pool.on('completed', event => completed.push(event));
await pool.start();
await pool.idle();
await pool.stop();
await server.stop();
assert.deepEqual(
  server.reports.map(report => report.body),
  [{ text: 'SN-1', unit: 'mm' }],
);
assert.equal(completed[0]?.reports.length, 1);
await access(join(root, 'Done', 'unit.txt'));
await rm(root, { recursive: true, maxRetries: 5, retryDelay: 100 });

process.stdout.write('well\n');

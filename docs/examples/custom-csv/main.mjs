/** A converter with everything that converters can do: arguments, validation, several reports, retries, rejections. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { AsyncConverterPool, ConverterBase, ConverterResult, FileFormatError } from 'millrace';

class LotConverter extends ConverterBase {
  name = 'lot-csv';
  version = '1.1.0';
  supportedExtensions = ['.csv'];

  /** Cheap, before convert(): is this ours, and how sure are we? */
  async validate(source) {
    const head = (await source.text()).split('\n', 1)[0];
    if (!head.startsWith('lot')) return { canConvert: false, message: 'the first line is no lot header' };
    return { canConvert: true, confidence: head.includes('station') ? 1 : 0.4 };
  }

  async convert(source, { arguments: { delimiter }, attempt, suspend }) {
    const [head, ...rows] = (await source.text()).trim().split(/\r?\n/);
    const columns = head.split(delimiter);
    if (rows.length === 0) return ConverterResult.skipped('the lot is empty');
    if (rows[0].startsWith('pending') && attempt === 1) return suspend('the lot is not closed', { retryAfterMs: 50 });

    const reports = rows
      .filter(row => !row.startsWith('pending'))
      .map((row, index) => {
        const cells = row.split(delimiter);
        if (cells.length !== columns.length) throw new FileFormatError(`line ${index + 2} has ${cells.length} cells`);
        return Object.fromEntries(columns.map((column, position) => [column, cells[position]]));
      });
    return ConverterResult.success(reports, { warnings: reports.length > 2 ? ['a big lot'] : [] });
  }
}

const root = await mkdtemp(join(tmpdir(), 'millrace-custom-csv-'));
const watchFolder = join(root, 'watch');
const files = {
  'full.csv': 'lot;station;sn\nL1;S1;SN-1\nL1;S1;SN-2\nL1;S1;SN-3\n',
  'late.csv': 'lot;station;sn\npending\nL2;S1;SN-4\n',
  'empty.csv': 'lot;station;sn\n',
  'unsure.csv': 'lot;sn\nL3;SN-5\n',
  'broken.csv': 'lot;station;sn\nL4;S1\n',
  'foreign.csv': 'something else\n',
};
await mkdir(watchFolder);
for (const [name, content] of Object.entries(files)) await writeFile(join(watchFolder, name), content);

const received = [];
const pool = new AsyncConverterPool({
  dataDir: join(root, 'state'),
  // A submitter may be any async function. When it resolves, the report is delivered.
  submitter: async report => void received.push(report.sn),
  converters: [{ converter: new LotConverter({ delimiter: ',' }), watchFolder, arguments: { delimiter: ';' } }],
});
const told = [];
for (const event of ['completed', 'failed', 'skipped', 'suspended', 'lowConfidence']) {
  pool.on(event, ({ path }) => told.push(`${event} ${path.slice(watchFolder.length + 1)}`));
}
pool.on('converted', ({ warnings }) => told.push(...warnings));

await pool.start();
await pool.idle();
const { files: states } = await pool.statistics();
const sentence = await pool.explain(join(watchFolder, 'broken.csv'));
await pool.stop();

assert.deepEqual(received.sort(), ['SN-1', 'SN-2', 'SN-3', 'SN-4', 'SN-5']);
assert.deepEqual([states.completed, states.failed, states.skipped], [3, 2, 1]);
assert.deepEqual(told.sort(), [
  'a big lot',
  'completed full.csv',
  'completed late.csv',
  'completed unsure.csv',
  'failed broken.csv',
  'failed foreign.csv',
  'lowConfidence unsure.csv',
  'skipped empty.csv',
  'suspended late.csv',
]);
const { code, message, hints } = JSON.parse(await readFile(join(root, 'Error', 'broken.csv.error'), 'utf8'));
assert.deepEqual([code, message], ['FILE_FORMAT', 'line 2 has 2 cells']);
assert.ok(hints.length > 0 && sentence.includes(message));
process.stdout.write(`${sentence}\n`);
await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });

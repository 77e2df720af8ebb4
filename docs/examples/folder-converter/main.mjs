/** A tester that writes a folder for each unit: a table, plots and a marker that comes last. The folder is one source. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { AsyncConverterPool, FileFormatError, FolderConverter } from 'millrace';

class RunConverter extends FolderConverter {
  name = 'run';
  marker = '{name}.done';
  expectedFiles = ['results.csv'];

  async convert(source) {
    const results = source.files.find(file => file.name === 'results.csv');
    const steps = [];
    for await (const line of results.lines()) {
      const [name, value] = line.split(';');
      if (value === undefined) throw new FileFormatError(`'${line}' is no step`);
      steps.push({ name, value: Number(value) });
    }
    const plots = source.files.filter(file => file.name.startsWith('plots/'));
    const attachments = await Promise.all(
      plots.map(async file => ({ name: file.name, sha256: await file.sha256(), bytes: file.size })),
    );
    return { sn: source.name, steps, attachments };
  }
}

const root = await mkdtemp(join(tmpdir(), 'millrace-folder-converter-'));
const watchFolder = join(root, 'watch');

/** Writes a unit's folder the way a tester does: one file after the other. */
async function writeUnit(name, results) {
  await mkdir(join(watchFolder, name, 'plots'), { recursive: true });
  await writeFile(join(watchFolder, name, 'plots', 'voltage.png'), `plot of ${name}`);
  await writeFile(join(watchFolder, name, 'results.csv'), results);
}

const received = [];
const pool = new AsyncConverterPool({
  dataDir: join(root, 'state'),
  submitter: async report => void received.push(report),
  converters: [{ converter: new RunConverter(), watchFolder, stabilityMs: 50 }],
});
pool.on('error', ({ error }) => process.stderr.write(`${error.message}\n`));
await writeUnit('SN-1', 'Vcc;5.02\nIcc;0.11');
await writeUnit('SN-2', 'this is no table');
await writeUnit('SN-3', 'Vcc;4.99');
for (const name of ['SN-1', 'SN-2']) await writeFile(join(watchFolder, name, `${name}.done`), '');

await pool.start();
await pool.idle();
assert.deepEqual(
  received.map(({ sn, steps, attachments }) => [sn, steps.length, attachments.map(({ name }) => name)]),
  [['SN-1', 2, ['plots/voltage.png']]],
);
assert.deepEqual((await readdir(join(root, 'Done', 'SN-1'))).sort(), ['SN-1.done', 'plots', 'results.csv']);
assert.deepEqual((await readdir(join(root, 'Error'))).sort(), ['SN-2', 'SN-2.error']);

// The third has no marker yet. Nothing is taken of it, and the pool says why.
const sentence = await pool.explain(join(watchFolder, 'SN-3'));
assert.match(sentence, /it waits for its marker 'SN-3\.done'/);
process.stdout.write(`${sentence}\n`);
const completed = new Promise(resolve => pool.on('completed', resolve));
await writeFile(join(watchFolder, 'SN-3', 'SN-3.done'), '');
await completed;
await pool.idle();
assert.equal(received.length, 2);
assert.deepEqual((await pool.audit()).differences, []);
await pool.stop();
await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });

/** A pool on more sub-folders than the system has watches for. Prints what it said and delivered. Arguments: the module, a folder. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const [module, folder] = process.argv.slice(2);
const { AsyncConverterPool, ConverterBase } = await import(module);

class Text extends ConverterBase {
  name = 'text';
  supportedExtensions = ['.txt'];
  async convert(source) {
    return { name: source.name };
  }
}

const FOLDERS = 12;
for (let n = 0; n < FOLDERS; n += 1) await mkdir(join(folder, 'watch', `lot-${n}`), { recursive: true });
const said = [];
const delivered = [];
const pool = new AsyncConverterPool({
  dataDir: join(folder, 'state'),
  submitter: async report => {
    delivered.push(report.name);
    return {};
  },
  minFreeBytes: 0,
  converters: [{ converter: new Text(), watchFolder: join(folder, 'watch'), recursive: true, stabilityMs: 20 }],
});
pool.on('watcherDegraded', ({ reason }) => said.push(reason));
pool.on('diskLow', () => said.push('diskLow'));
pool.on('error', ({ error }) => said.push(error.message));
const degraded = new Promise(resolve => pool.once('watcherDegraded', resolve));
await pool.start();
await degraded;
const all = new Promise(resolve => pool.on('completed', () => delivered.length === FOLDERS && resolve()));
for (let n = 0; n < FOLDERS; n += 1) await writeFile(join(folder, 'watch', `lot-${n}`, `${n}.txt`), `file ${n}`);
await all;
process.stdout.write(JSON.stringify({ said, delivered: delivered.length, folders: pool.folders() }));
await pool.stop();

/** A station whose watch folder is not there yet. It says when it runs, and when a file came through. */
import { join } from 'node:path';
import { AsyncConverterPool, ConverterBase } from 'millrace';

class Text extends ConverterBase {
  name = 'text';
  supportedExtensions = ['.txt'];
  async convert(source) {
    return { text: await source.text() };
  }
}

const root = process.argv[2];
const pool = new AsyncConverterPool({
  dataDir: join(root, 'state'),
  submitter: async () => ({}),
  minFreeBytes: 0,
  converters: [{ converter: new Text(), watchFolder: join(root, 'watch') }],
});
pool.on('completed', ({ path }) => {
  process.stdout.write(`completed ${path}\n`);
  void pool.stop();
});
await pool.start();
process.stdout.write('running\n');

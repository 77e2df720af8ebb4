/** Converts one big file line by line, and prints how far the memory grew. Arguments: the program's module, a folder. */
import { join } from 'node:path';

const [module, folder] = process.argv.slice(2);
const { AsyncConverterPool, ConverterBase } = await import(module);

class Lines extends ConverterBase {
  name = 'lines';
  supportedExtensions = ['.csv'];
  async convert(source) {
    let lines = 0;
    let sum = 0;
    for await (const line of source.lines()) {
      lines += 1;
      sum += line.length;
    }
    return { lines, characters: sum };
  }
}

const pool = new AsyncConverterPool({
  dataDir: join(folder, 'state'),
  submitter: async report => {
    clearInterval(timer);
    process.stdout.write(JSON.stringify({ report, growth: highest - before }));
  },
  minFreeBytes: 0,
  converters: [{ converter: new Lines(), watchFolder: join(folder, 'watch') }],
});
// Once the pool and its threads are there: what counts is what the file takes.
pool.pause();
await pool.start();
globalThis.gc();
const before = process.memoryUsage.rss();
let highest = before;
const timer = setInterval(() => {
  highest = Math.max(highest, process.memoryUsage.rss());
}, 20);
pool.resume();
await pool.idle();
await pool.stop();

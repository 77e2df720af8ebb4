/** Starts and stops pools, and prints what that left behind. Argument: the program's module, a folder, how many cycles. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const [module, folder, cycles] = process.argv.slice(2);
const { AsyncConverterPool, ConverterBase } = await import(module);

class Text extends ConverterBase {
  name = 'text';
  supportedExtensions = ['.txt'];
  async convert(source) {
    return { text: await source.text() };
  }
}

const WARM_UP = 5;
const proc = path =>
  readdir(path).then(
    names => names.length,
    () => 0,
  );
/** What is on its way now and ends by itself: a request to the file system, a turn of the event loop. */
const PASSING = new Set(['Immediate', 'FSReqPromise', 'FSReqCallback']);
/** What is in use once the last short timers have run out: chokidar's, of a second, are never taken back. */
const used = async () => {
  while (process.getActiveResourcesInfo().includes('Timeout')) await new Promise(setImmediate);
  return {
    handles: process.getActiveResourcesInfo().filter(name => !PASSING.has(name)),
    threads: await proc('/proc/self/task'),
    descriptors: await proc('/proc/self/fd'),
  };
};

await mkdir(join(folder, 'watch'), { recursive: true });
let delivered = 0;
let before;
for (let cycle = 0; cycle < Number(cycles) + WARM_UP; cycle += 1) {
  // The first ones load modules and fill Node's own thread pool.
  if (cycle === WARM_UP) before = await used();
  const pool = new AsyncConverterPool({
    dataDir: join(folder, 'state'),
    submitter: async () => {
      delivered += 1;
      return {};
    },
    minFreeBytes: 0,
    converters: [{ converter: new Text(), watchFolder: join(folder, 'watch'), stabilityMs: 1 }],
  });
  await pool.start();
  await writeFile(join(folder, 'watch', 'a.txt'), `unit ${cycle}`);
  // Every other pool is stopped while the file is on its way.
  if (cycle % 2 === 0) await pool.idle();
  await pool.stop();
}
process.stdout.write(JSON.stringify({ before, after: await used(), delivered }));

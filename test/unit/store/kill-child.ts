/** A process that writes until it is killed, and prints the number of each write that was acknowledged. */
import { writeSync } from 'node:fs';
import { JournaledStore } from '../../../src/store/journaled-store.js';
import { SCHEMA } from './schema.js';

const [directory = '', from = '0'] = process.argv.slice(2);
const store = new JournaledStore({
  directory,
  name: 'test',
  schema: SCHEMA,
  checkpoint: { minJournalBytes: 50_000, share: 0.3 },
});
await store.open();
let id = Number(from);
const writeOn = async (): Promise<never> => {
  for (;;) {
    const own = id++;
    await store.write('put', [own, `value ${own}`]);
    // Not through process.stdout, which goes on ahead of a reader that is slow: the next process must know all numbers.
    writeSync(1, `${own}\n`);
  }
};
await Promise.all(Array.from({ length: 100 }, writeOn));

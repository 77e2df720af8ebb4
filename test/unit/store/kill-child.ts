/** A process that writes until it is killed, and prints the number of each write that was acknowledged. */
import { JournaledStore } from '../../../src/store/journaled-store.js';
import { say } from '../../support/say.js';
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
    say(String(own));
  }
};
await Promise.all(Array.from({ length: 100 }, writeOn));

import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openStore, tempFolder } from './support.js';

const ROWS = 20_000;

/** How many turns the event loop has until `work` is done. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let over = false;
  let turns = 0;
  const done = work.finally(() => {
    over = true;
  });
  for (; !over; turns++) await turn();
  await done;
  return turns;
}

describe("the host's event loop", () => {
  it('turns while the store runs SQL, writes a snapshot, and reads all of it again at the next start', async () => {
    const folder = await tempFolder();
    const { store } = await openStore(folder, { checkpoint: { minJournalBytes: 1_000_000_000 } });
    const value = 'x'.repeat(1_000);
    await Promise.all(Array.from({ length: ROWS }, (_, id) => store.write('add', [id, `${id} ${value}`])));
    // Done by this thread, each of them would be one turn, or a few.
    expect(await turnsDuring(store.query('slow', [1_000_000]))).toBeGreaterThan(100);
    expect(await turnsDuring(store.checkpoint())).toBeGreaterThan(100);
    await store.close();
    const opened = openStore(folder);
    expect(await turnsDuring(opened)).toBeGreaterThan(30);
    expect(await (await opened).store.query('count')).toEqual([{ count: ROWS }]);
  });
});

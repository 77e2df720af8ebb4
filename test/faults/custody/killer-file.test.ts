import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Station } from './harness.js';
import { foldersOf } from './station.js';

const KILLER = { action: 'move', name: 'killer.csv', kind: 'killer', word: 'zero' } as const;
const STARTS = 4;

/** A station whose file has killed the process as often as it may; the last start parks it. */
async function parked(station: Station): Promise<void> {
  await station.drop(KILLER);
  for (let number = 0; number < 5; number++) {
    await station.drop({ action: 'move', name: `${number}.csv`, kind: 'good', word: `w${number}` });
  }
  for (let start = 1; start <= STARTS; start++) {
    const child = await station.spawn({ watch: false, until: 'idle' });
    expect(await child.ended, `start ${start}`).toBe('killed');
  }
}

describe('a file that ends the process each time that it is converted', () => {
  it('is parked after 1 + maxRetries starts with the reason, and the other files come through', async () => {
    await using station = await Station.make(['move']);
    await parked(station);
    await using pool = station.pool();
    await pool.start();
    await pool.idle();
    const { items } = await pool.items({ state: 'failed' });
    expect(items).toMatchObject([{ path: KILLER.name, code: 'CONVERTER_CRASHED', attempts: STARTS }]);
    const { watch, error } = foldersOf(station.root, 'move');
    const sentence = await pool.explain(join(watch, KILLER.name));
    expect(sentence).toContain('The process ended during each of 4 attempts');
    const told = JSON.parse(await readFile(join(error, `${KILLER.name}.error`), 'utf8')) as object;
    expect(told).toMatchObject({ code: 'CONVERTER_CRASHED', attempts: STARTS, file: KILLER.name });
    expect(station.deliveries()).toEqual(['lost: report 0 of killer zero']);
    expect((await pool.audit()).differences).toEqual([]);
  });

  it.each([
    ['version', { version: '2.0.0' }],
    ['arguments', { arguments: { mended: true } }],
  ])('is taken up again by itself when the %s of its converter change', async (_what, mended) => {
    await using station = await Station.make(['move']);
    await parked(station);
    const child = await station.spawn({ watch: false, until: 'idle' });
    expect(await child.ended).toBe('ended');
    expect(await station.goOn(mended)).toEqual([]);
  });

  it('is not forgotten when the process is killed while it takes the file up again', { timeout: 120_000 }, async () => {
    for (const killAt of [60, 68]) {
      await using station = await Station.make(['move']);
      await parked(station);
      await (await station.spawn({ watch: false, until: 'idle' })).ended;
      const child = await station.spawn({ watch: false, until: 'idle', version: '2.0.0', killAt });
      await child.ended;
      const problems = await station.goOn({ version: '2.0.0' });
      expect(problems, `${killAt} ${child.lines.join()}`).toEqual([]);
    }
  });
});

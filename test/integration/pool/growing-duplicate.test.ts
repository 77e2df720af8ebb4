/** A file that was seen while it was empty and turns out to be a copy of one that was delivered. */
import { mkdir, open } from 'node:fs/promises';
import type { PostProcessAction } from 'millrace';
import { describe, expect, it } from 'vitest';
import { converter, echo, next, Station } from './support.js';

describe('a copy of a delivered file that was seen before it was written', () => {
  it.each<[PostProcessAction, string]>([
    ['move', 'done'],
    ['keep', 'watch'],
    ['delete', ''],
  ])('is one file in the books and cleaned up once (%s)', async (postProcess, folder) => {
    const station = await Station.open();
    await mkdir(station.path('done'));
    const pool = await station.start({
      converters: [{ converter: converter(echo), postProcess, stabilityMs: 300, doneFolder: station.path('done') }],
    });
    await station.drop('watch/first.txt', 'the same');
    await pool.idle();

    const seen = next(pool, 'discovered', ({ size }) => size === 0);
    const writer = await open(station.path('watch/copy.txt'), 'w');
    await seen;
    await writer.writeFile('the same');
    await writer.close();
    await station.settled(pool);

    const { items } = await pool.items();
    expect(items.map(item => [item.path, item.state, item.size])).toEqual([
      ['first.txt', 'completed', 8],
      ['copy.txt', 'skipped', 8],
    ]);
    expect(station.reports()).toHaveLength(1);
    if (folder !== '') expect(await station.files(folder)).toEqual(['copy.txt', 'first.txt']);
  });
});

import { describe, expect, it } from 'vitest';
import { firstRow } from '../../../../src/archive/archive-id.js';
import { RowNumbers } from '../../../../src/archive/catalog/row-numbers.js';

const NOON = Date.UTC(2026, 1, 13, 12);

/** Numbers over a catalog with these rows; and the milliseconds that it was asked for. */
function numbersOver(rows: { id: number; key: string }[]) {
  const asked: number[] = [];
  const numbers = new RowNumbers(async (first, end) => {
    asked.push(first);
    return rows.filter(({ id }) => id >= first && id < end);
  });
  return { numbers, asked };
}

describe('row numbers', () => {
  const row = { id: firstRow(NOON) + 7, key: 'a' };

  it('are asked for up to the newest row, and no further', async () => {
    const { numbers, asked } = numbersOver([row]);
    numbers.startAnew(row.id);
    expect(await numbers.reserve(NOON + 1)).toEqual({ at: NOON + 1, row: firstRow(NOON + 1) });
    expect(await numbers.find(NOON + 2, 'a')).toBeUndefined();
    expect(asked).toEqual([]);
    expect(await numbers.find(NOON, 'a')).toBe(row.id);
    expect(await numbers.reserve(NOON)).toEqual({ at: NOON, row: row.id + 1 });
    expect(await numbers.find(NOON - 1, 'a')).toBeUndefined();
    expect(asked).toEqual([firstRow(NOON), firstRow(NOON - 1)]);
  });

  it('are asked for where something is that was forgotten', async () => {
    const rows = [row];
    const { numbers, asked } = numbersOver(rows);
    numbers.startAnew(row.id);
    const place = await numbers.reserve(NOON + 5);
    rows.push({ id: place.row, key: 'b' });
    await numbers.taken(place, 'b');
    // So many that what was first is let go.
    for (let ms = 0; ms < 10_001; ms += 1) await numbers.find(NOON + 1_000 + ms, 'c');
    expect(asked).toEqual([]);
    expect(await numbers.find(NOON + 5, 'b')).toBe(place.row);
    expect(await numbers.find(NOON + 1_000, 'c')).toBeUndefined();
    expect(asked).toEqual([firstRow(NOON + 5)]);
  });

  it('are asked for where a row came while the catalog was read anew', async () => {
    const rows: (typeof row)[] = [];
    const { numbers } = numbersOver(rows);
    numbers.startAnew(undefined);
    const place = await numbers.reserve(NOON);
    rows.push({ id: place.row, key: 'b' });
    await numbers.taken(place, 'b');
    // What was found before that row was there.
    numbers.startAnew(undefined);
    expect(await numbers.find(NOON, 'b')).toBe(place.row);
    expect((await numbers.reserve(NOON)).row).toBe(place.row + 1);
  });

  it('are asked for where a row was written whose place nobody asked for here', async () => {
    const rows: (typeof row)[] = [];
    const { numbers } = numbersOver(rows);
    numbers.startAnew(undefined);
    rows.push(row);
    numbers.written(row.id);
    expect(await numbers.find(NOON, 'a')).toBe(row.id);
    expect((await numbers.reserve(NOON)).row).toBe(row.id + 1);
  });

  it('are asked for every millisecond before anything is known', async () => {
    const { numbers, asked } = numbersOver([row]);
    expect(await numbers.find(NOON, 'a')).toBe(row.id);
    await numbers.find(NOON + 9, 'a');
    expect(asked).toHaveLength(2);
  });
});

/** Many files at once: none is lost, none is read by half, none is taken twice. */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { amount } from '../../support/effort.js';
import { repoRoot, runNode } from '../../support/run.js';
import { converter, Station } from './support.js';

const COUNT = amount({ quick: 400, usual: 2_000, soak: 2_000 });
/** Far longer than the pauses, so that only a pool that does not wait at all reads a file by half. */
const WINDOW_MS = 1_500;
const MAX_PAUSE_MS = 120;
const child = fileURLToPath(new URL('./flood-child.mjs', import.meta.url));

it(`${COUNT} files at the start and ${COUNT} dropped live by another process give as many whole reports, each once`, {
  timeout: 300_000,
}, async () => {
  const station = await Station.open();
  await mkdir(station.path('watch'), { recursive: true });
  for (let n = 0; n < COUNT; n += 1)
    await writeFile(station.path('watch', `old-${n}.txt`), `unit old ${n}\nend old ${n}`);
  let conversions = 0;
  const whole = converter(async source => {
    conversions += 1;
    const lines = (await source.text()).split('\n');
    const [, unit = ''] = /^unit (.*)$/.exec(lines[0] ?? '') ?? [];
    return { name: source.name, unit, whole: lines.at(-1) === `end ${unit}`, rows: lines.length };
  });
  const pool = station.pool({ converters: [{ converter: whole, stabilityMs: WINDOW_MS }] });
  const dropping = runNode([child, station.path('watch'), String(COUNT), String(MAX_PAUSE_MS)], repoRoot);
  await pool.start();
  await dropping;
  await station.settled(pool);

  const reports = station.reports<{ name: string; unit: string; whole: boolean; rows: number }>();
  expect(reports.filter(report => !report.whole)).toEqual([]);
  expect(reports.filter(report => report.name.startsWith('live-') && report.rows !== 7)).toEqual([]);
  expect(new Set(reports.map(report => report.name)).size).toBe(2 * COUNT);
  expect(reports).toHaveLength(2 * COUNT);
  expect(conversions).toBe(2 * COUNT);
  expect(await station.files('watch')).toEqual([]);
  expect(await station.files('Done')).toHaveLength(2 * COUNT);
  const { files, seen } = (await pool.audit()).totals;
  expect({ completed: files.completed, seen }).toEqual({ completed: 2 * COUNT, seen: 2 * COUNT });
  expect(station.errors).toEqual([]);
});

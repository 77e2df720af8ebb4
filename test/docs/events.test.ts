/** The events guide is made from the code: `npm run docs:guides` writes it anew. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repoRoot } from '../support/run.js';
import { eventTables, renderTables } from './event-tables.js';

const guide = join(repoRoot, 'docs/guides/events.md');
const BEGIN = '<!-- Made from the code by test/docs/events.test.ts: edit the doc comments there. -->\n\n';

it('names every event of every class, with its payload, as the code declares it', async () => {
  const [before = ''] = (await readFile(guide, 'utf8')).split(BEGIN);
  await expect(`${before}${BEGIN}${renderTables(await eventTables())}`).toMatchFileSnapshot(guide);
});

it('is about classes of which each says what every event means', async () => {
  const tables = await eventTables();
  expect(tables.map(table => table.className)).toEqual(expect.arrayContaining(['AsyncConverterPool', 'PendingQueue']));
  for (const { className, events } of tables) {
    expect(events.length, className).toBeGreaterThan(0);
    expect(events.filter(event => event.words === '').map(event => `${className}: ${event.name}`)).toEqual([]);
  }
});

it('has a correlation id in every payload about one file or report', async () => {
  const tables = (await eventTables()).filter(table => ['PoolEvents', 'PendingQueueEvents'].includes(table.mapName));
  const about = tables.flatMap(table => table.events).filter(event => /\bFileEvent\b|\bid: string/.test(event.payload));
  expect(about.length).toBeGreaterThan(15);
  const without = about.filter(event => !/\bFileEvent\b|correlationId: string/.test(event.payload));
  expect(without.map(event => event.name)).toEqual([]);
});

import type { PostProcessAction } from 'millrace';
import { describe, expect, it } from 'vitest';
import { amount, everywhere } from '../../support/effort.js';
import { Station } from './harness.js';
import type { UnitName } from './station.js';

/** 'back': it is down until the reports wait in the pending queue. */
type ServerState = 'up' | 'down' | 'back';
/** Whether the sources are archived, too: the steps between claim and conversion, and between delivery and clean-up. */
type Archiving = 'archived' | 'not archived';

const UNTIL = { up: 'idle', down: 'queued', back: 'delivered' } as const;
/** `step`: every so many file operations one is a point at which the process is killed; in the soak, each is. */
type Case = [
  action: PostProcessAction,
  kind: string,
  unit: UnitName,
  server: ServerState,
  step: number,
  archiving?: Archiving,
];

const AT_ONCE = 4;

/** Units of several files, and items that are pulled, in every way there is. */
const UNITS_EVERYWHERE = (['folder', 'set', 'pulled'] as const).flatMap((unit): Case[] => [
  ['move', 'later', unit, 'up', 1],
  ['move', 'good', unit, 'down', 1],
  ['delete', 'good', unit, 'up', 1],
  ['delete', 'good', unit, 'down', 1],
  ['zip', 'good', unit, 'up', 1],
  ['move', 'bad', unit, 'up', 1],
  ...(unit === 'pulled' ? [] : ([['keep', 'later', unit, 'up', 1]] satisfies Case[])),
]);

const ARCHIVED_EVERYWHERE: Case[] = [
  ['move', 'two', 'file', 'back', 1, 'archived'],
  ['zip', 'good', 'file', 'up', 1, 'archived'],
  ['keep', 'later', 'file', 'up', 1, 'archived'],
  ['archive', 'good', 'folder', 'up', 1, 'archived'],
  ['move', 'good', 'set', 'up', 1, 'archived'],
];

const CASES: Case[] = [
  ['move', 'good', 'file', 'up', 5],
  ['move', 'two', 'file', 'back', 13],
  ['delete', 'good', 'file', 'up', 23],
  ['delete', 'good', 'file', 'down', 23],
  ['zip', 'good', 'file', 'up', 23],
  ['zip', 'good', 'file', 'down', 23],
  ['keep', 'good', 'file', 'up', 23],
  ['keep', 'good', 'file', 'down', 23],
  ['move', 'bad', 'file', 'up', 17],
  ['move', 'later', 'file', 'up', 17],
  ['move', 'good', 'folder', 'up', 31],
  ['zip', 'good', 'set', 'down', 37],
  ['delete', 'two', 'pulled', 'up', 37],
  ['archive', 'two', 'file', 'up', 83, 'archived'],
  ['delete', 'good', 'file', 'down', 97, 'archived'],
  ['move', 'bad', 'file', 'up', 101, 'archived'],
  ...(everywhere ? ARCHIVED_EVERYWHERE : []),
  ...(everywhere ? UNITS_EVERYWHERE : []),
];

/** Kills the station's process at one file operation while it carries one file, and goes on with what it left. */
async function killAt(
  number: number,
  [action, kind, unit, server, , archiving]: Case,
): Promise<{ problems: string[]; point: string }> {
  await using station = await Station.make([action], unit, { archive: archiving === 'archived' });
  await station.drop({ action, name: unit === 'folder' ? 'a' : 'a.csv', kind, word: 'one' });
  if (server !== 'up') await station.server.down();
  const child = await station.spawn({ killAt: number, watch: false, until: UNTIL[server] });
  const back =
    server === 'back' &&
    child.line('queued').then(
      () => station.server.up(),
      () => undefined,
    );
  const end = await child.ended;
  await back;
  const point = child.lines.find(line => line.startsWith('killed')) ?? '';
  const problems = [...(await station.goOn()), ...child.lines.filter(line => line.startsWith('error'))];
  return {
    problems: problems.map(problem => `operation ${number}, ${point}: ${problem}`),
    point: end === 'killed' ? point : '',
  };
}

function stepOf({ 4: step }: Case): number {
  return amount({ quick: 5 * step, usual: Math.floor(1.5 * step), soak: 1 });
}

/** Kills at every `step`th operation, from the first to the last. @returns How many these were, and what was wrong. */
async function killEverywhere(each: Case): Promise<{ points: number; problems: string[] }> {
  const step = stepOf(each);
  const problems: string[] = [];
  let points = 0;
  let next = 1;
  let over = false;
  const work = async (): Promise<void> => {
    while (!over) {
      const number = next;
      next += step;
      const result = await killAt(number, each);
      problems.push(...result.problems);
      if (result.point === '') over = true;
      else points += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { points, problems };
}

describe('a process that is killed at one of its file operations', () => {
  it.each(CASES)(
    'loses nothing and delivers nothing twice: %s, a %s %s, server %s',
    { timeout: everywhere ? 1_800_000 : 120_000 },
    async (...each) => {
      const startedAt = performance.now();
      const { points, problems } = await killEverywhere(each);
      if (everywhere) {
        const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
        process.stdout.write(
          `${each.filter(word => typeof word === 'string').join(' ')}: killed at ${points} points, ${seconds} s\n`,
        );
      }
      expect(problems).toEqual([]);
      expect(points).toBeGreaterThan(60 / stepOf(each));
    },
  );
});

import type { PostProcessAction } from 'millrace';
import { describe, expect, it } from 'vitest';
import { Station } from './harness.js';

type ServerState = 'up' | 'down';
type Case = [action: PostProcessAction, kind: string, server: ServerState, step: number];

/** `npm run soak` looks at every point, also at those where the next process has to wait for a lease. */
const everywhere = process.env.MILLRACE_SOAK !== undefined;
const AT_ONCE = 4;
/** Killed while it wrote a lock: nobody can tell whose it is, so that the next process watches it for 15 s. */
const UNREADABLE_LOCK = /^killed file\.write \S*\/lock(\.next-\w+)?$/;

const CASES: Case[] = [
  ['move', 'good', 'up', 4],
  ['delete', 'good', 'up', 16],
  ['delete', 'good', 'down', 16],
  ['zip', 'good', 'up', 16],
  ['zip', 'good', 'down', 16],
  ['keep', 'good', 'up', 16],
  ['keep', 'good', 'down', 16],
  ['move', 'bad', 'up', 11],
  ['move', 'later', 'up', 11],
  // In the soak alone: a report that the queue settles at the moment in which its file hands it over anew stays
  // 'delivering' until the next start.
  ...(everywhere ? ([['move', 'two', 'down', 1]] satisfies Case[]) : []),
];

/** Kills the station's process at one file operation while it carries one file, and goes on with what it left. */
async function killAt(number: number, [action, kind, server]: Case): Promise<{ problems: string[]; point: string }> {
  await using station = await Station.make([action]);
  await station.drop({ action, name: 'a.csv', kind, word: 'one' });
  if (server === 'down') await station.server.down();
  const child = await station.spawn({ killAt: number, watch: false, until: server === 'up' ? 'idle' : 'queued' });
  const end = await child.ended;
  const point = child.lines.find(line => line.startsWith('killed')) ?? '';
  const unreadable = UNREADABLE_LOCK.test(point);
  if (unreadable && !everywhere) return { problems: [], point };
  const problems = [...(await station.goOn()), ...child.lines.filter(line => line.startsWith('error'))];
  return {
    problems: problems
      .filter(problem => !(unreadable && problem.startsWith('error event: The pending folder')))
      .map(problem => `operation ${number}, ${point}: ${problem}`),
    point: end === 'killed' ? point : '',
  };
}

/** Kills at every `step`th operation, from the first to the last. @returns How many these were, and what was wrong. */
async function killEverywhere(each: Case): Promise<{ points: number; problems: string[] }> {
  const step = everywhere ? 1 : each[3];
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
    'loses nothing and delivers nothing twice: %s, a %s file, server %s',
    { timeout: everywhere ? 1_800_000 : 120_000 },
    async (...each) => {
      const startedAt = performance.now();
      const { points, problems } = await killEverywhere(each);
      if (everywhere) {
        const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
        process.stdout.write(`${each.slice(0, 3).join(' ')}: killed at ${points} points, ${seconds} s\n`);
      }
      expect(problems).toEqual([]);
      expect(points).toBeGreaterThan(60 / (everywhere ? 1 : each[3]));
    },
  );
});

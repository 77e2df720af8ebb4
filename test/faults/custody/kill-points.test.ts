import type { PostProcessAction } from 'millrace';
import pLimit from 'p-limit';
import { describe, expect, it } from 'vitest';
import { Station } from './harness.js';

/** Kills the station's process at one file operation while it carries one file, and goes on. @returns What was wrong; nothing when the process got to its end. */
async function killAt(killAt: number, action: PostProcessAction, kind: string, server: 'up' | 'down') {
  await using station = await Station.make([action]);
  await station.drop({ action, name: 'a.csv', kind, word: 'one' });
  if (server === 'down') await station.server.down();
  const child = await station.spawn({ killAt, watch: false, until: server === 'up' ? 'idle' : 'queued' });
  const end = await child.ended;
  const problems = await station.goOn();
  process.stdout.write(`${killAt} ${Date.now() % 100000} ${child.lines.join(",")} ${problems}\n`);
  const point = child.lines.find(line => line.startsWith('killed')) ?? 'to its end';
  return { end, problems: problems.map(problem => `${killAt} ${point}: ${problem}`), point };
}

/** Kills at every `step`th operation from the first to the last. */
async function killEverywhere(step: number, ...[action, kind, server]: [PostProcessAction, string, 'up' | 'down']) {
  const problems: string[] = [];
  const limit = pLimit(4);
  let next = 1;
  let over = false;
  const points: string[] = [];
  const work = async (): Promise<void> => {
    while (!over) {
      const n = next;
      next += step;
      const result = await killAt(n, action, kind, server);
      problems.push(...result.problems);
      if (result.end === 'ended') over = true;
      else points.push(`${n} ${result.point}`);
    }
  };
  await Promise.all(Array.from({ length: limit.concurrency }, () => limit(work)));
  return { problems, points };
}

describe('a process that is killed at each of its file operations', () => {
  it('probe', { timeout: 300_000 }, async () => {
    const [action, kind, server, step] = (process.env.PROBE ?? 'move good up 1').split(' ') as [PostProcessAction, string, 'up' | 'down', string];
    const t = Date.now();
    const { problems, points } = await killEverywhere(Number(step), action, kind, server);
    process.stdout.write(`${points.join('\n')}\n${points.length} points ${Date.now() - t} ms\n`);
    expect(problems).toEqual([]);
  });
});

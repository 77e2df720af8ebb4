import type { PostProcessAction } from 'millrace';
import { describe, expect, it } from 'vitest';
import { amount } from '../../support/effort.js';
import { Station } from './harness.js';

const ACTIONS: PostProcessAction[] = ['move', 'delete', 'zip', 'keep'];
const KINDS = ['good', 'good', 'good', 'two', 'bad', 'later'];
/** One in four dies while it starts; the others so long, at most, after they began to convert. */
const LONGEST_LIFE_MS = 600;

/** Numbers from a seed, so that a failure can be told how it came to be. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/** Files come all the time, the server comes and goes, and the process is killed again and again. */
async function run(station: Station, rounds: number, seed: number): Promise<void> {
  const random = randomFrom(seed);
  let number = 0;
  for (let round = 0; round < rounds; round++) {
    const child = await station.spawn();
    const early = random(4) === 0;
    const life = random(LONGEST_LIFE_MS);
    let over = false;
    const killed = (early ? Promise.resolve() : child.line('converting')).then(async () => {
      await pause(life);
      over = true;
      await child.kill();
    });
    while (!over) {
      for (let count = random(4); count >= 0; count--) {
        const action = ACTIONS[random(ACTIONS.length)] as PostProcessAction;
        const kind = KINDS[random(KINDS.length)] as string;
        number += 1;
        await station.drop({ action, kind, name: `f${number}.csv`, word: `w${number}` });
      }
      if (random(10) === 0) await station.server.down();
      if (random(5) === 0) await station.server.up();
      await Promise.race([pause(20 + random(80)), killed]);
    }
    await killed;
  }
}

/** Runs, goes on until nothing is left to do, and tells the figures. */
async function runAndCheck(rounds: number, seed: number, prepare: (station: Station) => void = () => undefined) {
  // What kills is not the files: on a slow machine one of them may be in hand at each of many deaths.
  await using station = await Station.make(ACTIONS, 'file', { maxRetries: 1_000 });
  prepare(station);
  await run(station, rounds, seed);
  station.server.behave = undefined;
  const problems = await station.goOn();
  const count = (start: string): number => problems.filter(problem => problem.startsWith(start)).length;
  const keys = new Set(station.server.reports.map(report => report.idempotencyKey));
  process.stdout.write(
    `seed ${seed}: ${rounds} kills, ${station.dropped.length} files, ${keys.size} reports delivered, ` +
      `${station.server.duplicates} repeated under their key, ${count('lost')} lost, ${count('twice')} under two keys, ` +
      `${count('audit')} audit differences, ${problems.length} problems\n`,
  );
  return { problems, repeated: station.server.duplicates };
}

describe('a process that is killed at random moments, while files come all the time and the server comes and goes', () => {
  const rounds = amount({ quick: 2, usual: 6, soak: Number(process.env.MILLRACE_SOAK) || 200 });
  const seed = Number(process.env.MILLRACE_SEED ?? Date.now() % 1_000_000);

  it('loses nothing, delivers nothing under two keys, and parks no file', { timeout: rounds * 10_000 }, async () => {
    const { problems } = await runAndCheck(rounds, seed);
    expect(problems, `MILLRACE_SEED=${seed}`).toEqual([]);
  });

  it('does so with a server whose answers are lost half of the time', { timeout: rounds * 10_000 }, async () => {
    const random = randomFrom(seed + 1);
    let lost = 0;
    const { problems, repeated } = await runAndCheck(Math.ceil(rounds / 2), seed + 1, station => {
      station.server.behave = () => {
        if (lost > 0 && random(2) === 0) return undefined;
        lost += 1;
        return 'lostAcknowledgement';
      };
    });
    expect(problems, `MILLRACE_SEED=${seed}`).toEqual([]);
    // Each lost answer was for a report that the server had taken, so that it came again.
    if (lost > 0) expect(repeated).toBeGreaterThan(0);
  });
});

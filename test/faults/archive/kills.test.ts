import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundle } from '../../support/bundle.js';
import { amount } from '../../support/effort.js';
import { temporaryFolders } from '../../support/temp-folder.js';
import { problemsOf, run } from './harness.js';
import type { Ack } from './work.js';

const tempFolder = temporaryFolders();
let program: string;

beforeAll(async () => {
  program = await bundle(new URL('./child.ts', import.meta.url), 'archive');
  await bundle(new URL('../../../src/workers/sqlite.ts', import.meta.url), 'archive/workers');
});

/** Among these are one that is large, some with the same content, and one that is purged. */
const FROM = 3;
const COUNT = 6;
/** Every so many points one is tried: a prime, so that they fall everywhere. */
const STEP = amount({ quick: 307, usual: 131, soak: 1 });
const AT_ONCE = 4;

describe('a process that is killed while it archives', () => {
  it('at any step leaves all that it acknowledged, no row without its blob and no blob without its row', {
    timeout: 3_600_000,
  }, async () => {
    const { points = 0 } = await run(program, [join(await tempFolder(), 'archive'), FROM, COUNT]);
    expect(points).toBeGreaterThan(300);
    const each = pLimit(AT_ONCE);
    const kills = Array.from({ length: Math.floor(points / STEP) }, (_, index) => index * STEP + 1);
    const found = await each.map(kills, async killAt => {
      const folder = await tempFolder();
      const directory = join(folder, 'archive');
      const { acks, points: ended } = await run(program, [directory, FROM, COUNT, killAt]);
      const problems = await problemsOf(directory, acks, join(folder, 'out'));
      // Who did not get an answer asks again; nothing is there twice then.
      const again = await run(program, [directory, FROM, COUNT]);
      problems.push(...(await problemsOf(directory, again.acks, join(folder, 'again'))));
      if (new Set(again.acks.map(({ id }) => id)).size !== COUNT) problems.push('not all of it was archived');
      return { killAt, ended, problems };
    });
    expect(found.filter(({ problems }) => problems.length > 0)).toEqual([]);
    expect(found.filter(({ ended }) => ended === undefined).length).toBeGreaterThan(kills.length * 0.9);
  });

  it('at any time, again and again, loses nothing that it acknowledged', { timeout: 3_600_000 }, async () => {
    const folder = await tempFolder();
    const directory = join(folder, 'archive');
    const acks: Ack[] = [];
    const rounds = amount({ quick: 1, usual: 2, soak: 100 });
    for (let round = 0; round < rounds; round += 1) {
      const from = round * 1_000;
      const { acks: told } = await run(program, [directory, from, 1_000, 0, 16], randomInt(1, 250));
      expect(told.length).toBeGreaterThan(0);
      acks.push(...told);
      // What this run left; all of it once more at the end.
      expect(await problemsOf(directory, told, join(folder, `out ${round}`))).toEqual([]);
    }
    expect(await problemsOf(directory, acks, join(folder, 'out'))).toEqual([]);
  });
});

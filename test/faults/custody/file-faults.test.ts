import { setTimeout as pause } from 'node:timers/promises';
import { MillraceError, type PostProcessAction } from 'millrace';
import { FaultyFileSystem, type FileOperation } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { amount, everywhere } from '../../support/effort.js';
import { Station } from './harness.js';
import { makePool } from './station.js';

const CODES = ['ENOSPC', 'EIO', 'EACCES'];
/** `step`: every so many file operations one fails; in the soak, each does. */
type Case = [action: PostProcessAction, server: 'up' | 'back', step: number];
const CASES: Case[] = [
  ['move', 'up', 7],
  ['delete', 'back', 83],
  ['zip', 'up', 89],
  ['keep', 'back', 97],
];
const AT_ONCE = 6;
const OPERATIONS: FileOperation[] = [
  ...(['open', 'stat', 'lstat', 'readFile', 'readdir', 'mkdir', 'rmdir', 'rename', 'link', 'unlink'] as const),
  ...(['realpath', 'statfs', 'file.read', 'file.write', 'file.stat', 'file.sync', 'file.datasync'] as const),
  ...(['file.truncate', 'file.utimes', 'file.close'] as const),
];

/** Carries one file while the file operation after the first `skip` fails once. */
async function failOnce(
  code: string,
  skip: number,
  [action, server]: Case,
): Promise<{ problems: string[]; hit: boolean }> {
  await using station = await Station.make([action]);
  await station.drop({ action, name: 'a.csv', kind: 'good', word: 'one' });
  if (server === 'back') await station.server.down();
  const fs = new FaultyFileSystem();
  fs.logging = true;
  // What is not closed because we say so would be closed by the garbage collector, with a warning.
  const fault = fs.fail({ code, skip, times: 1, path: path => path.startsWith(station.root), operation: OPERATIONS });
  const pool = makePool({ ...station.settings, watch: false }, fs);
  // A folder that seemed to be away for a moment is not waited for by idle().
  const completed = new Promise(resolve => pool.once('completed', resolve));
  pool.on('queuedOffline', () => void station.server.up());
  let refused: unknown;
  let problems: string[] = [];
  try {
    await pool.start();
    const end = await Promise.race([completed, pause(20_000, 'stuck', { ref: false })]);
    if (end !== 'stuck') await pool.idle();
    problems = await station.check(pool);
  } catch (error) {
    // A start may fail, and says why; the next one must not.
    refused = error;
  } finally {
    await pool.stop();
  }
  const mine = fs.log.filter(one => one.path.startsWith(station.root) && OPERATIONS.includes(one.operation));
  const { operation, path } = mine[skip] ?? { operation: '', path: '' };
  if (refused !== undefined) {
    if (!(refused instanceof MillraceError || (refused as NodeJS.ErrnoException).code === code)) {
      problems.push(`the pool ended with ${String(refused)}`);
    }
    problems.push(...(await station.goOn()));
  }
  const where = `${code} at operation ${skip}, ${operation} ${path.replace(station.root, '')}`;
  return { problems: problems.map(problem => `${where}: ${problem}`), hit: fault.hits > 0 };
}

function stepOf([, , step]: Case): number {
  return amount({ quick: 5 * step, usual: step, soak: 1 });
}

describe('a file operation that fails once', () => {
  it.each(CASES.flatMap(each => CODES.map(code => [code, ...each] as const)))(
    'with %s, %s, server %s: nothing is lost or delivered twice, and the pool goes on by itself',
    { timeout: everywhere ? 1_800_000 : 300_000 },
    async (code, ...each) => {
      const step = stepOf(each);
      const problems: string[] = [];
      let next = CODES.indexOf(code);
      let hits = 0;
      let over = false;
      const work = async (): Promise<void> => {
        while (!over) {
          const skip = next;
          next += step;
          const result = await failOnce(code, skip, each);
          problems.push(...result.problems);
          if (result.hit) hits += 1;
          else over = true;
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      expect(problems).toEqual([]);
      expect(hits).toBeGreaterThan(60 / step);
    },
  );
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type FileSystem, nodeFileSystem } from '../../../src/files/file-system.js';
import { type SlowOperation, SlowOperations } from '../../../src/files/slow-operations.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { temporaryFolders } from '../../support/temp-folder.js';

const tempFolder = temporaryFolders();
const BUDGET_MS = 10_000;

/** A share on which paths with `hang` in their names answer when the test says so. */
function setUp() {
  const clock = new ManualClock();
  const told: SlowOperation[] = [];
  const waiting: (() => void)[] = [];
  const inner: FileSystem = {
    ...nodeFileSystem,
    stat: async path => {
      if (path.includes('hang')) await new Promise<void>(resolve => waiting.push(resolve));
      return nodeFileSystem.stat(path);
    },
  };
  const slow = new SlowOperations({ fs: inner, clock, budgetMs: BUDGET_MS, onSlow: one => told.push(one) });
  const answer = (): void => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  return { clock, told, slow, fs: slow.fs, answer };
}

describe('a file operation that hangs', () => {
  it('is told of once, while it hangs, and others are not', async () => {
    const { clock, told, fs, answer } = setUp();
    const folder = await tempFolder();
    const path = join(folder, 'hang.txt');
    await writeFile(path, 'x');
    const hanging = fs.stat(path);
    await fs.readdir(folder);
    await clock.advance(BUDGET_MS - 1);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toEqual([{ operation: 'stat', path, elapsedMs: BUDGET_MS }]);
    await clock.advance(10 * BUDGET_MS);
    expect(told).toHaveLength(1);
    answer();
    expect((await hanging).size).toBe(1);
  });

  it('each of several is told of, at its own time, with one timer', async () => {
    const { clock, told, fs, answer } = setUp();
    const hanging: Promise<unknown>[] = [];
    for (const name of ['hang-1', 'hang-2', 'hang-3']) {
      hanging.push(fs.stat(`/no/${name}`).catch(() => undefined));
      await clock.advance(1_000);
    }
    expect(clock.timers).toBe(1);
    await clock.advance(BUDGET_MS - 3_000);
    expect(told.map(one => one.path)).toEqual(['/no/hang-1']);
    await clock.advance(2_000);
    expect(told.map(one => one.path)).toEqual(['/no/hang-1', '/no/hang-2', '/no/hang-3']);
    expect(clock.timers).toBe(0);
    answer();
    await Promise.all(hanging);
  });

  it('what goes through is the file system as it is: errors, and open files with their own operations', async () => {
    const { clock, told, fs, slow } = setUp();
    await expect(fs.stat('/no/such')).rejects.toMatchObject({ code: 'ENOENT' });
    const path = join(await tempFolder(), 'a.txt');
    const file = await fs.open(path, 'w');
    await file.write(Buffer.from('text'));
    expect((await file.stat()).size).toBe(4);
    await file.close();
    expect((await fs.readFile(path)).toString()).toBe('text');
    await clock.advance(BUDGET_MS);
    expect([told, clock.timers]).toEqual([[], 0]);
    slow.close();
  });
});

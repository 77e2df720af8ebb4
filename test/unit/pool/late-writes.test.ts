import { describe, expect, it } from 'vitest';
import type { FileStat } from '../../../src/files/file-system.js';
import type { ActiveFile } from '../../../src/pool/active-file.js';
import { LateWrites } from '../../../src/pool/late-writes.js';
import type { PoolContext } from '../../../src/pool/pool-context.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';

/** Late looks over files that nobody writes to any more; which of them were looked at. */
function setUp() {
  const clock = new ManualClock();
  const looked: number[] = [];
  const fs = {
    stat: async (path: string): Promise<FileStat> => {
      looked.push(Number(path));
      return { ino: Number(path), size: 1, mtimeMs: 1, isFile: () => true } as FileStat;
    },
  };
  const lateWrites = new LateWrites({ clock, fs } as unknown as PoolContext, {} as never, {} as never);
  const moved = (id: number): void =>
    lateWrites.watch({
      record: { id, location: String(id), size: 1, mtimeMs: 1, ino: id, state: 'completed' },
    } as ActiveFile);
  const settled = async (): Promise<void> => {
    for (let before = -1; before < looked.length; ) {
      before = looked.length;
      // Looks go on by turns of the event loop alone.
      for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
    }
  };
  return { clock, looked, lateWrites, moved, settled };
}

describe('moved files', () => {
  it('are looked at four times', async () => {
    const { clock, looked, moved, settled } = setUp();
    moved(1);
    for (const ms of [1_000, 10_000, 60_000, 600_000, 6_000_000]) {
      await clock.advance(ms);
      await settled();
    }
    expect(looked).toEqual([1, 1, 1, 1]);
  });

  it('do not take ever more memory when a backlog melts: who finds the list full is looked at soon, and once', async () => {
    const { clock, looked, lateWrites, moved, settled } = setUp();
    for (let id = 0; id < 10_000; id += 1) moved(id);
    await clock.advance(1_000);
    await settled();
    // The first few hundred, and those after the eight thousand that wait for their look at ten seconds.
    expect(looked.filter(id => id >= 8_000)).toHaveLength(2_000);
    expect(looked.filter(id => id < 8_000)).toHaveLength(500);
    await clock.advance(10_000);
    await settled();
    expect(new Set(looked).size).toBe(10_000);
    lateWrites.close();
  });
});

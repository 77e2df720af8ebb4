import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GroupCommit } from '../../../src/store/group-commit.js';
import { toPayload } from '../../../src/store/record.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** A commit whose disk takes no time, and how many records each batch had. */
function setUp() {
  const batches: number[] = [];
  let last = 0;
  const target = {
    append: async (_: Buffer, sequence: number) => {
      batches.push(sequence - last);
      last = sequence;
    },
    room: async () => undefined,
  };
  const commit = new GroupCommit(target, 0);
  const add = async (count: number): Promise<void> => {
    await Promise.all(Array.from({ length: count }, () => commit.add(toPayload([]))));
  };
  return { batches, add };
}

/** Lets everything happen that needs no timer. */
const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

describe('a batch', () => {
  it('that nobody shared makes nobody wait', async () => {
    const { batches, add } = setUp();
    await add(1);
    await add(1);
    expect(batches).toEqual([1, 1]);
  });

  it('waits for as many as the last one had, and then no longer', async () => {
    const { batches, add } = setUp();
    await add(3);
    const first = add(1);
    await settle();
    const second = add(1);
    await settle();
    expect(batches).toEqual([3]);
    await Promise.all([first, second, add(1)]);
    expect(batches).toEqual([3, 3]);
  });

  it('goes out without them after a millisecond', async () => {
    const { batches, add } = setUp();
    await add(3);
    const alone = add(1);
    await settle();
    expect(batches).toEqual([3]);
    await vi.advanceTimersByTimeAsync(1);
    await alone;
    expect(batches).toEqual([3, 1]);
  });
});

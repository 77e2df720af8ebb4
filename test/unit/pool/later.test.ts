import { describe, expect, it } from 'vitest';
import { Later } from '../../../src/pool/later.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';

function setUp() {
  const clock = new ManualClock();
  const due: string[] = [];
  const later = new Later<string>(clock, item => due.push(item));
  return { clock, due, later };
}

describe('doing it later', () => {
  it('gives each item at its time, in the order of their times', async () => {
    const { clock, due, later } = setUp();
    later.put('second', 200);
    later.put('first', 100);
    later.put('third', 300);
    await clock.advance(99);
    expect(due).toEqual([]);
    await clock.advance(1);
    expect(due).toEqual(['first']);
    await clock.advance(1000);
    expect(due).toEqual(['first', 'second', 'third']);
    expect(later.size).toBe(0);
  });

  it('needs one timer for 10,000 items, and none without any', async () => {
    const { clock, due, later } = setUp();
    for (let index = 0; index < 10_000; index++) later.put(String(index), index % 100);
    expect(clock.timers).toBe(1);
    await clock.advance(100);
    expect([due.length, clock.timers]).toEqual([10_000, 0]);
  });

  it('waits longer than a timer of Node can', async () => {
    const { clock, due, later } = setUp();
    const thirtyDays = 30 * 86_400_000;
    later.put('far', thirtyDays);
    await clock.advance(thirtyDays - 1);
    expect(due).toEqual([]);
    await clock.advance(1);
    expect(due).toEqual(['far']);
  });

  it('hurries', async () => {
    const { clock, due, later } = setUp();
    later.put('a', 1000);
    later.put('b', 2000);
    later.hurry();
    expect([due, clock.timers]).toEqual([['a', 'b'], 0]);
    await clock.advance(5000);
    expect(due).toEqual(['a', 'b']);
  });

  it('takes an item that is put again while it is due', async () => {
    const clock = new ManualClock();
    let rounds = 0;
    const later: Later<string> = new Later(clock, item => {
      rounds += 1;
      if (rounds < 3) later.put(item, 0);
    });
    later.put('a', 10);
    later.hurry();
    expect(rounds).toBe(1);
    await clock.advance(10);
    expect(rounds).toBe(3);
  });

  it('forgets everything when it is closed', async () => {
    const { clock, due, later } = setUp();
    later.put('a', 10);
    later.close();
    await clock.advance(100);
    expect([due, clock.timers, later.size]).toEqual([[], 0, 0]);
  });
});

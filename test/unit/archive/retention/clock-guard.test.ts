import { describe, expect, it } from 'vitest';
import { ClockGuard, type ClockMemory } from '../../../../src/archive/retention/clock-guard.js';
import { ManualClock } from '../../../../src/testing/manual-clock.js';
import { DAY_MS, NOW } from './support.js';

const HOUR_MS = 3_600_000;

function setUp() {
  const clock = new ManualClock(NOW);
  return { clock, guard: new ClockGuard(clock) };
}

describe('the clock guard', () => {
  it('trusts a clock that runs, however long', async () => {
    const { clock, guard } = setUp();
    for (let month = 0; month < 24; month++) {
      expect(guard.check(clock.now() - DAY_MS)).toBeUndefined();
      await clock.advance(30 * DAY_MS);
    }
  });

  it('doubts a jump forward, and believes it after a day of steady running', async () => {
    const { clock, guard } = setUp();
    guard.check(undefined);
    clock.jump(NOW + 400 * DAY_MS);
    expect(guard.check(undefined)).toMatch(/jumped forward by 9600 h to 2028-02-04/);
    await clock.advance(23 * HOUR_MS);
    expect(guard.check(undefined)).toMatch(/jumped forward/);
    await clock.advance(HOUR_MS);
    expect(guard.check(undefined)).toBeUndefined();
  });

  it('trusts again at once when the clock is set right', async () => {
    const { clock, guard } = setUp();
    guard.check(undefined);
    clock.jump(NOW + 400 * DAY_MS);
    expect(guard.check(undefined)).toBeDefined();
    await clock.advance(HOUR_MS);
    clock.jump(NOW + HOUR_MS);
    expect(guard.check(undefined)).toBeUndefined();
  });

  it('doubts a jump back', () => {
    const { clock, guard } = setUp();
    guard.check(undefined);
    clock.jump(NOW - 2 * DAY_MS);
    expect(guard.check(undefined)).toMatch(/jumped back by 48 h/);
  });

  it('does not mind an hour', () => {
    const { clock, guard } = setUp();
    guard.check(undefined);
    clock.jump(NOW + HOUR_MS);
    expect(guard.check(NOW + 2 * HOUR_MS)).toBeUndefined();
  });

  it('doubts while entries lie in the future, until somebody says that the clock is right', async () => {
    const { clock, guard } = setUp();
    expect(guard.check(NOW + 30 * DAY_MS)).toMatch(/lie in the future: the newest is dated 2027-01-30/);
    await clock.advance(10 * DAY_MS);
    expect(guard.check(NOW + 30 * DAY_MS)).toMatch(/future/);
    guard.trust(NOW + 30 * DAY_MS);
    expect(guard.check(NOW + 30 * DAY_MS)).toBeUndefined();
    // Of a later one nobody has said anything.
    expect(guard.check(NOW + 31 * DAY_MS)).toMatch(/future/);
  });

  it('remembers over a restart', async () => {
    const { clock, guard } = setUp();
    guard.check(undefined);
    clock.jump(NOW + 60 * DAY_MS);
    expect(guard.check(undefined)).toBeDefined();
    const memory = structuredClone(guard.memory);
    const restarted = new ClockGuard(clock);
    if (memory) restarted.recall(memory);
    expect(restarted.check(undefined)).toMatch(/jumped forward/);
    await clock.advance(25 * HOUR_MS);
    expect(restarted.check(undefined)).toBeUndefined();
  });

  it('doubts a clock that went back while the process was away, and one that is a fortnight ahead', () => {
    const start = (now: number) => {
      const guard = new ClockGuard(new ManualClock(now));
      guard.recall({ trustedAt: NOW });
      return guard.check(undefined);
    };
    expect(start(NOW - 2 * HOUR_MS)).toMatch(/went back/);
    expect(start(NOW + 15 * DAY_MS)).toMatch(/last seen at 2026-12-31/);
    expect(start(NOW + 13 * DAY_MS)).toBeUndefined();
  });

  it('believes in a leap that nobody watched after a day of running, and not since the clock leapt again', async () => {
    /** Starts a process at this time, lets it run, and gives what it found at its end. */
    let memory: ClockMemory | undefined = { trustedAt: NOW };
    const run = async (now: number, hours: number) => {
      const clock = new ManualClock(now);
      const guard = new ClockGuard(clock);
      if (memory) guard.recall(memory);
      guard.check(undefined);
      await clock.advance(hours * HOUR_MS);
      const doubt = guard.check(undefined);
      memory = structuredClone(guard.memory);
      return { doubt, end: clock.now() };
    };
    const leapt = await run(NOW + 400 * DAY_MS, 1);
    expect(leapt.doubt).toMatch(/may have jumped meanwhile/);
    const again = await run(leapt.end + 10 * DAY_MS, 16);
    expect(again.doubt).toMatch(/may have jumped meanwhile/);
    // 17 h of running, and 6 h for the ten days in between.
    expect((await run(again.end, 0.5)).doubt).toMatch(/may have jumped meanwhile/);
    expect((await run(again.end + 0.5 * HOUR_MS, 0.5)).doubt).toBeUndefined();
    // One that is started once a day, for a moment, comes to it in its time, too.
    memory = { trustedAt: NOW };
    let at = NOW + 30 * DAY_MS;
    const doubts = [];
    for (let day = 0; day < 6; day++, at += DAY_MS) doubts.push((await run(at, 0)).doubt !== undefined);
    expect(doubts).toEqual([true, true, true, true, false, false]);
  });
});

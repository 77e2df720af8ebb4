import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RetryBudget, type RetryPermit } from '../../../src/pending/retry-budget.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';

/** The most that lie in any window of so many ms. Its start belongs to it, its end does not. */
function mostWithin(times: readonly number[], windowMs: number): number {
  let most = 0;
  for (let first = 0, last = 0; first < times.length; first += 1) {
    while (last < times.length && (times[last] ?? 0) < (times[first] ?? 0) + windowMs) last += 1;
    most = Math.max(most, last - first);
  }
  return most;
}

type Step = { do: 'take' | 'use' | 'giveBack'; which: number } | { do: 'wait'; ms: number };

const which = fc.nat(5);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const), which }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('use' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('giveBack' as const), which }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(fc.nat(40), fc.nat(1_500), fc.double({ min: 0, max: 999, noNaN: true })),
    }),
  },
);

describe('the retry budget', () => {
  it('never has more retries in any second than a sixtieth, whoever takes them, however late they start', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1_200 }),
        fc.array(step, { maxLength: 200 }),
        async (perMinute, steps) => {
          const clock = new ManualClock();
          const budget = new RetryBudget(perMinute, clock);
          const held: RetryPermit[] = [];
          const used: number[] = [];
          for (const one of steps) {
            if (one.do === 'wait') await clock.advance(one.ms);
            else if (one.do === 'take') {
              if (budget.available) held.push(budget.take());
            } else {
              const [permit] = held.splice(one.which % Math.max(1, held.length), 1);
              if (one.do === 'use' && permit) used.push(clock.monotonic());
              permit?.[one.do]();
              // Whoever uses it gives it back, too, when all is over.
              permit?.giveBack();
            }
          }
          expect(mostWithin(used, 1_000)).toBeLessThanOrEqual(Math.ceil(perMinute / 60));
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([1, 30, 60, 90, 300, 6_000])('of %i a minute is used up whole by those who wait for it', async perMinute => {
    const clock = new ManualClock();
    const budget = new RetryBudget(perMinute, clock);
    const used: number[] = [];
    while (clock.monotonic() < 120_000) {
      while (budget.available) {
        budget.take().use();
        used.push(clock.monotonic());
      }
      await clock.advance(budget.nextInMs);
    }
    const perSecond = Math.ceil(perMinute / 60);
    expect(mostWithin(used, 1_000)).toBe(perSecond);
    expect(mostWithin(used, 60_000)).toBeLessThanOrEqual(perMinute + perSecond);
    expect(used.length).toBeGreaterThanOrEqual(2 * perMinute - perSecond);
  });

  it('saves nothing up: after an hour of quiet it is what it was', async () => {
    const clock = new ManualClock();
    const budget = new RetryBudget(120, clock);
    await clock.advance(3_600_000);
    let taken = 0;
    for (; budget.available; taken += 1) budget.take();
    expect(taken).toBe(2);
  });
});

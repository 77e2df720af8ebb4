import { describe, expect, it } from 'vitest';
import { Pacer } from '../../../../src/archive/reprocessing/pacer.js';
import { ManualClock } from '../../../../src/testing/manual-clock.js';

/** When each of so many turns began, in ms since the first was asked for. */
async function turns(clock: ManualClock, pacer: Pacer, count: number, signal?: AbortSignal): Promise<number[]> {
  const begun: number[] = [];
  const from = clock.monotonic();
  for (let turn = 0; turn < count; turn++) void pacer.turn(signal).then(() => begun.push(clock.monotonic() - from));
  while (begun.length < count) await clock.advance(10);
  return begun;
}

describe('a pacer', () => {
  it('lets so many through in a second, evenly, and does not make up for a rest', async () => {
    const clock = new ManualClock();
    const pacer = new Pacer(clock, undefined, 4);
    expect(await turns(clock, pacer, 5)).toEqual([0, 250, 500, 750, 1_000].map(at => expect.closeTo(at + 10, -2)));
    await clock.advance(60_000);
    const [first = 0, second = 0] = await turns(clock, pacer, 2);
    expect(second - first).toBeGreaterThanOrEqual(240);
  });

  it('has live work go first, for a second at most', async () => {
    const clock = new ManualClock();
    const live = { busy: true };
    const pacer = new Pacer(clock, live);
    let through = false;
    void pacer.turn().then(() => {
      through = true;
    });
    await clock.advance(500);
    expect(through).toBe(false);
    live.busy = false;
    await clock.advance(30);
    expect(through).toBe(true);
    live.busy = true;
    const [at = 0] = await turns(clock, pacer, 1);
    expect(at).toBeGreaterThanOrEqual(1_000);
    expect(at).toBeLessThan(1_100);
  });

  it('lets go when its signal aborts', async () => {
    const clock = new ManualClock();
    const pacer = new Pacer(clock, { busy: true }, 0.001);
    const abort = new AbortController();
    await turns(clock, pacer, 1);
    const waiting = pacer.turn(abort.signal);
    abort.abort();
    await waiting;
    expect(clock.monotonic()).toBeLessThan(1_100);
  });
});

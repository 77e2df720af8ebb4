import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { makeQueue, NEVER_MS, temporaryFolder } from './support.js';

/** Time that goes on between two looks at it, as on a real machine. */
class TickingClock extends ManualClock {
  readonly #tickMs: number;
  #passed = 0;

  constructor(tickMs: number) {
    super();
    this.#tickMs = tickMs;
  }

  override monotonic(): number {
    this.#passed += this.#tickMs;
    return super.monotonic() + this.#passed;
  }
}

describe('the timer of the sender', () => {
  it('is set whenever retries wait for their budget, though it may fill while the queue looks', async () => {
    const stuck: number[] = [];
    for (let tickMs = 10; tickMs < 130; tickMs++) if (!(await ends(tickMs))) stuck.push(tickMs);
    expect(stuck).toEqual([]);
  });
});

/** Whether reports that each fail once all arrive, where each look at the time takes so long. */
async function ends(tickMs: number): Promise<boolean> {
  const clock = new TickingClock(tickMs);
  const failed = new Set<unknown>();
  const queue = makeQueue(await temporaryFolder(), {
    clock,
    concurrency: 1,
    random: () => 0,
    rescanIntervalMs: 1_000 * NEVER_MS,
    breaker: { failureThreshold: 1_000 },
    retry: { baseDelayMs: 0, maxDelayMs: 0, budgetPerMinute: 60 },
    submitter: async (_, { idempotencyKey }) => {
      if (failed.has(idempotencyKey)) return {};
      failed.add(idempotencyKey);
      throw new TypeError('down');
    },
  });
  await queue.start();
  await Promise.all([1, 2, 3].map(n => queue.enqueue({ n })));
  for (let turns = 0; turns < 150 && queue.size > 0; turns++) {
    await clock.advance(100);
    if (turns > 50) await new Promise(resolve => setTimeout(resolve, 1));
  }
  const ended = queue.size === 0;
  await queue.stop({ timeoutMs: 0 });
  return ended;
}

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SubmitError } from '../../../src/errors.js';
import type { PendingQueue } from '../../../src/pending/pending-queue.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { deferred, files, makeQueue, NEVER_MS, next, notingSubmitter, record, temporaryFolder } from './support.js';

const transient = (retryAfterMs?: number) =>
  new SubmitError('down', { kind: 'transient', status: 503, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
const permanent = () => new SubmitError('no', { kind: 'permanent', status: 400 });
const unauthorized = () => new SubmitError('who are you', { kind: 'unauthorized', status: 401 });
const noBreaker = { failureThreshold: 1_000_000 };

/** Turns the clock until `condition` holds; real file operations go on in between. */
async function turn(clock: ManualClock, stepMs: number, condition: () => boolean, steps = 20_000): Promise<number> {
  for (let count = 0; count < steps; count++) {
    if (condition()) return count * stepMs;
    await clock.advance(stepMs);
    // A busy machine needs real time for its files.
    if (count % 10 === 9) await new Promise(resolve => setTimeout(resolve, 1));
  }
  throw new RangeError('The condition never held');
}

/** Lets file operations end without turning the clock. */
async function quiet(queue: PendingQueue): Promise<void> {
  for (let calm = 0; calm < 30; ) {
    await new Promise(resolve => setTimeout(resolve, 1));
    calm = queue.statistics().sending === 0 ? calm + 1 : 0;
  }
}

describe('the order', () => {
  const arrive = async (drain: 'oldest-first' | 'newest-first') => {
    const { submit, seen } = notingSubmitter();
    const queue = makeQueue(await temporaryFolder(), { submitter: submit, drain, concurrency: 1 });
    await queue.start();
    queue.pause();
    for (const [id, priority] of [
      ['a', 5],
      ['b', 1],
      ['c', 10],
      ['d', 5],
      ['e', 10],
    ] as const) {
      await queue.enqueue({ id }, { id, priority });
    }
    queue.resume();
    await queue.drain();
    return seen.map(({ key }) => key).join('');
  };

  it('is by priority, then by age', async () => {
    expect(await arrive('oldest-first')).toBe('ceadb');
    expect(await arrive('newest-first')).toBe('ecdab');
  });

  it('holds when the wall clock is set back, and through a restart', async () => {
    const directory = await temporaryFolder();
    const clock = new ManualClock(Date.UTC(2030, 0, 1));
    const first = makeQueue(directory, { clock });
    await first.start();
    first.pause();
    await first.enqueue({ n: 1 }, { id: 'z' });
    clock.jump(Date.UTC(2026, 0, 1));
    await first.enqueue({ n: 2 });
    await first.enqueue({ n: 3 });
    await first.stop();
    const { submit, seen } = notingSubmitter();
    const second = makeQueue(directory, { submitter: submit, concurrency: 1 });
    await second.start();
    await second.drain();
    expect(seen.map(({ report }) => report)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });
});

describe('retries', () => {
  it('wait exponentially longer with full jitter, up to the cap, and keep their count on the disk', async () => {
    const clock = new ManualClock();
    const directory = await temporaryFolder();
    const { submit, seen } = notingSubmitter(() => Promise.reject(transient()));
    const queue = makeQueue(directory, {
      clock,
      submitter: submit,
      random: () => 0.75,
      breaker: noBreaker,
      retry: { baseDelayMs: 1_000, maxDelayMs: 10_000 },
    });
    const retries = record(queue, 'retrying');
    await queue.start();
    await queue.enqueue({ n: 1 }, { id: 'one' });
    await turn(clock, 50, () => retries.length === 6);
    expect(retries.map(({ payload }) => (payload as { delayMs: number }).delayMs)).toEqual([
      750, 1_500, 3_000, 6_000, 7_500, 7_500,
    ]);
    expect(seen.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await files(directory)).map(name => name.slice(21))).toEqual(['one.a6.json.queued']);
  });

  it('wait as long as the server asks, and so does everything else', async () => {
    const clock = new ManualClock();
    const { submit, seen } = notingSubmitter(report => {
      if ((report as { n: number }).n === 1 && seen.length === 1) throw transient(60_000);
      return {};
    });
    const queue = makeQueue(await temporaryFolder(), { clock, submitter: submit, concurrency: 1 });
    await queue.start();
    await queue.enqueue({ n: 1 });
    await turn(clock, 1, () => queue.statistics().sending === 0);
    expect((await queue.deliver({ n: 2 })).outcome).toBe('queued');
    await clock.advance(59_000);
    await quiet(queue);
    expect(seen).toHaveLength(1);
    await turn(clock, 100, () => queue.size === 0);
    expect(seen).toHaveLength(3);
  });

  it('end at maxAttempts in .error, which retryFailed brings back', async () => {
    const directory = await temporaryFolder();
    let up = false;
    const { submit, seen } = notingSubmitter(() => {
      if (!up) throw transient();
      return {};
    });
    const queue = makeQueue(directory, { submitter: submit, maxAttempts: 3, breaker: noBreaker });
    const failed = next(queue, 'failed');
    await queue.start();
    await queue.enqueue({ n: 1 }, { id: 'one' });
    expect(await failed).toMatchObject({
      id: 'one',
      attempts: 3,
      path: expect.stringMatching(/one\.a3\.json\.error$/),
    });
    expect(JSON.parse(await readFile(`${(await failed).path}.json`, 'utf8'))).toMatchObject({
      code: 'SUBMIT_TRANSIENT',
      attempts: 3,
    });
    await queue.drain();
    up = true;
    expect(await queue.retryFailed({ code: 'SUBMIT_REFUSED' })).toBe(0);
    expect(await queue.retryFailed({ ids: ['other'] })).toBe(0);
    expect(await queue.retryFailed()).toBe(1);
    await queue.drain();
    expect(seen.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 1]);
    expect(await files(directory)).toEqual([]);
  });

  it('brought back by retryFailed are those of the filter and no others, also after a restart', async () => {
    const directory = await temporaryFolder();
    await writeFile(join(directory, '20260213T143022.123Z-damaged.a0.json.queued'), '{"n":');
    const first = makeQueue(directory, {
      maxAttempts: 1,
      submitter: async report => {
        throw (report as { refuse: boolean }).refuse ? permanent() : transient();
      },
    });
    await first.start();
    for (const id of ['r1', 'r2', 'r3']) await first.enqueue({ refuse: true }, { id });
    for (const id of ['t1', 't2']) await first.enqueue({ refuse: false }, { id });
    while (first.statistics().error < 6) {
      await first.submitAllPending();
      await new Promise(setImmediate);
    }
    await first.stop();

    const { submit, seen } = notingSubmitter();
    const queue = makeQueue(directory, { submitter: submit, concurrency: 1 });
    await queue.start();
    const sent = async (filter: Parameters<PendingQueue['retryFailed']>[0]) => {
      const before = seen.length;
      const count = await queue.retryFailed(filter);
      await queue.drain();
      expect(seen.length - before).toBe(count);
      return seen
        .slice(before)
        .map(({ key }) => key)
        .sort();
    };
    expect(await sent({ ids: ['r2', 'nobody'] })).toEqual(['r2']);
    expect(await sent({ code: 'SUBMIT_TRANSIENT' })).toEqual(['t1', 't2']);
    expect(await sent({ ids: ['r1', 'damaged'], code: 'SUBMIT_REFUSED' })).toEqual(['r1']);
    expect(await sent({ code: 'SUBMIT_REFUSED' })).toEqual(['r3']);
    expect(seen.every(({ attempt }) => attempt === 1)).toBe(true);
    // What is still damaged comes back damaged; it is never lost.
    expect(await queue.retryFailed()).toBe(1);
    await queue.drain();
    expect(queue.find('damaged')?.state).toBe('error');
  });

  it('go on after a restart from the count in the file name', async () => {
    const directory = await temporaryFolder();
    await writeFile(join(directory, '20260213T143022.123Z-one.a2.json.queued'), '{}');
    const { submit } = notingSubmitter(() => Promise.reject(transient()));
    const queue = makeQueue(directory, { submitter: submit, maxAttempts: 3 });
    const failed = next(queue, 'failed');
    await queue.start();
    expect((await failed).attempts).toBe(3);
  });

  it('share one budget, whatever their number', async () => {
    const clock = new ManualClock();
    const startedAt: number[] = [];
    const { submit } = notingSubmitter((_, { attempt }) => {
      if (attempt > 1) startedAt.push(clock.monotonic());
      throw transient();
    });
    const queue = makeQueue(await temporaryFolder(), {
      clock,
      submitter: submit,
      breaker: noBreaker,
      retry: { baseDelayMs: 10, maxDelayMs: 10, budgetPerMinute: 120 },
    });
    await queue.start();
    await Promise.all(Array.from({ length: 50 }, (_, n) => queue.enqueue({ n })));
    while (clock.monotonic() < 30_000) {
      await clock.advance(50);
      await new Promise(resolve => setTimeout(resolve, 1));
    }
    expect(startedAt.length).toBeGreaterThan(50);
    for (const from of startedAt) {
      expect(startedAt.filter(at => at >= from && at < from + 1_000).length).toBeLessThanOrEqual(2);
      expect(startedAt.filter(at => at >= from && at < from + 10_000).length).toBeLessThanOrEqual(20);
    }
  });

  it('share it with the probes of the breaker: no second has more of both than the budget', async () => {
    const clock = new ManualClock();
    const startedAt: number[] = [];
    const { submit, seen } = notingSubmitter((_, { attempt }) => {
      if (attempt > 1) startedAt.push(clock.monotonic());
      throw transient();
    });
    const queue = makeQueue(await temporaryFolder(), {
      clock,
      submitter: submit,
      random: () => 0,
      breaker: { failureThreshold: 1, resetTimeoutMs: 10 },
      retry: { baseDelayMs: 10, maxDelayMs: 10, budgetPerMinute: 120 },
    });
    const probes = record(queue, 'breakerHalfOpen');
    await queue.start();
    await queue.enqueue({ n: 0 });
    await queue.enqueue({ n: 1 });
    await turn(clock, 10, () => startedAt.length > 20);
    expect(probes.length).toBeGreaterThan(20);
    for (const from of startedAt) {
      expect(startedAt.filter(at => at >= from && at < from + 1_000).length).toBeLessThanOrEqual(2);
    }
    // What was never tried costs no retry, and is the next probe but for those that the budget of this second still has.
    const before = seen.length;
    await queue.enqueue({ n: 2 });
    const first = (): number => seen.slice(before).findIndex(({ attempt }) => attempt === 1);
    await turn(clock, 10, () => first() >= 0);
    expect(first()).toBeLessThanOrEqual(2);
  });

  it('do not hold up what was never tried when the budget is spent', async () => {
    const clock = new ManualClock();
    const { submit, seen } = notingSubmitter(report => {
      if ((report as { bad: boolean }).bad) throw transient();
      return {};
    });
    const queue = makeQueue(await temporaryFolder(), {
      clock,
      submitter: submit,
      breaker: noBreaker,
      retry: { baseDelayMs: 0, maxDelayMs: 0, budgetPerMinute: 1 },
    });
    await queue.start();
    await queue.enqueue({ bad: true });
    await turn(clock, 1, () => seen.length === 2);
    await queue.enqueue({ bad: false });
    await turn(clock, 1, () => queue.size === 1);
    expect(seen).toHaveLength(3);
  });
});

describe('the breaker', () => {
  it('opens after failures in a row, keeps the network quiet, and lets a single probe through', async () => {
    const clock = new ManualClock();
    let up = false;
    let most = 0;
    let now = 0;
    const { submit, seen } = notingSubmitter(async () => {
      most = Math.max(most, ++now);
      await new Promise(setImmediate);
      now -= 1;
      if (!up) throw transient();
      return {};
    });
    const queue = makeQueue(await temporaryFolder(), {
      clock,
      submitter: submit,
      random: () => 0,
      concurrency: 8,
      breaker: { failureThreshold: 5, resetTimeoutMs: 60_000 },
    });
    const events = record(queue, 'breakerOpened', 'breakerHalfOpen', 'breakerClosed', 'offline', 'online');
    await queue.start();
    queue.pause();
    await Promise.all(Array.from({ length: 40 }, (_, n) => queue.enqueue({ n })));
    queue.resume();
    await turn(clock, 1, () => queue.statistics().breaker === 'open' && queue.statistics().sending === 0);
    const before = seen.length;
    expect(before).toBeLessThan(13);
    expect(queue.state).toBe('offline');
    expect((await queue.deliver({ late: true })).outcome).toBe('queued');
    await clock.advance(50_000);
    await quiet(queue);
    expect(seen).toHaveLength(before);

    most = 0;
    await turn(clock, 1_000, () => seen.length === before + 1 && queue.statistics().breaker === 'open');
    expect(events.map(({ event }) => event)).toEqual(['breakerOpened', 'offline', 'breakerHalfOpen', 'breakerOpened']);
    await clock.advance(50_000);
    await quiet(queue);
    expect(seen).toHaveLength(before + 1);

    up = true;
    await turn(clock, 1_000, () => queue.size === 0);
    expect(events.slice(4).map(({ event }) => event)).toEqual(['breakerHalfOpen', 'breakerClosed', 'online']);
    expect(queue.state).toBe('running');
    expect(most).toBeGreaterThan(1);
  });

  it('asks with a report in backoff when none is due: without an answer of the server nothing is online', async () => {
    const clock = new ManualClock();
    let up = false;
    const { submit, seen } = notingSubmitter(async () => {
      if (!up) throw transient();
      return {};
    });
    const queue = makeQueue(await temporaryFolder(), {
      clock,
      submitter: submit,
      random: () => 0.99,
      retry: { baseDelayMs: NEVER_MS, maxDelayMs: NEVER_MS },
      breaker: { failureThreshold: 1, resetTimeoutMs: 1_000 },
    });
    const events = record(queue, 'breakerClosed');
    await queue.start();
    await queue.enqueue({ n: 1 });
    // Without a step of the clock: on a slow machine the breaker's time could pass before the answer is seen.
    await turn(clock, 0, () => seen.length === 1 && queue.statistics().breaker === 'open');
    await turn(clock, 100, () => seen.length === 2 && queue.statistics().breaker === 'open');
    expect(events).toEqual([]);
    up = true;
    await turn(clock, 100, () => queue.size === 0);
    expect(seen).toHaveLength(3);
    expect(events).toHaveLength(1);
  });

  it('asks the probe of the submitter before it risks a report', async () => {
    const clock = new ManualClock();
    let up = false;
    let probes = 0;
    const { submit, seen } = notingSubmitter(() => {
      if (!up) throw transient();
      return {};
    });
    const queue = makeQueue(await temporaryFolder(), {
      clock,
      random: () => 0,
      breaker: { failureThreshold: 1, resetTimeoutMs: 1_000 },
      submitter: {
        submit: async (report, context) => (await submit(report, context)) ?? {},
        probe: async () => {
          probes += 1;
          if (!up) throw transient();
        },
      },
    });
    await queue.start();
    await queue.enqueue({ n: 1 });
    await turn(clock, 100, () => probes === 3);
    expect(seen).toHaveLength(1);
    up = true;
    await turn(clock, 100, () => queue.size === 0);
    expect(seen).toHaveLength(2);
  });

  it('lets no probe through before the time that the server asked for', async () => {
    const clock = new ManualClock();
    const { submit, seen } = notingSubmitter(() => {
      throw transient(300_000);
    });
    const queue = makeQueue(await temporaryFolder(), {
      clock,
      random: () => 0,
      breaker: { failureThreshold: 1, resetTimeoutMs: 1_000 },
      submitter: submit,
    });
    await queue.start();
    await queue.enqueue({ n: 1 });
    await turn(clock, 1, () => queue.statistics().breaker === 'open');
    await clock.advance(250_000);
    await quiet(queue);
    expect(seen).toHaveLength(1);
    await turn(clock, 1_000, () => seen.length === 2);
  });

  it('does not wait for a probe that hangs', async () => {
    const clock = new ManualClock();
    let probes = 0;
    const queue = makeQueue(await temporaryFolder(), {
      clock,
      random: () => 0,
      breaker: { failureThreshold: 1, resetTimeoutMs: 1_000 },
      submitter: {
        submit: () => Promise.reject(transient()),
        probe: () => {
          probes += 1;
          return deferred<never>().promise;
        },
      },
    });
    await queue.start();
    await queue.enqueue({ n: 1 });
    await turn(clock, 500, () => probes === 3);
    expect(queue.statistics().breaker).toBe('halfOpen');
  });

  it('does not open for reports that are refused', async () => {
    const { submit, seen } = notingSubmitter(() => Promise.reject(permanent()));
    const queue = makeQueue(await temporaryFolder(), { submitter: submit, breaker: { failureThreshold: 2 } });
    await queue.start();
    for (let n = 0; n < 20; n++) await queue.enqueue({ n });
    await queue.drain();
    expect(seen).toHaveLength(20);
    expect(queue.statistics()).toMatchObject({ breaker: 'closed', error: 20, refused: 20 });
  });
});

describe('the ramp', () => {
  it('starts from one after an outage and grows round by round', async () => {
    const directory = await temporaryFolder();
    const seed = makeQueue(directory);
    await seed.start();
    seed.pause();
    await Promise.all(Array.from({ length: 60 }, (_, n) => seed.enqueue({ n })));
    await seed.stop();
    const running: number[] = [];
    let now = 0;
    const waiting: (() => void)[] = [];
    const queue = makeQueue(directory, {
      concurrency: 4,
      submitter: async () => {
        running.push(++now);
        await new Promise<void>(resolve => waiting.push(resolve));
        now -= 1;
        return {};
      },
    });
    await queue.start();
    while (queue.size > 0) {
      await quietFor(queue, waiting);
      for (const resolve of waiting.splice(0)) resolve();
    }
    expect(running.slice(0, 10)).toEqual([1, 1, 2, 1, 2, 3, 1, 2, 3, 4]);
    expect(Math.max(...running)).toBe(4);
  });

  async function quietFor(queue: PendingQueue, waiting: unknown[]): Promise<void> {
    for (let calm = 0; calm < 10; ) {
      const before = waiting.length;
      await new Promise(resolve => setTimeout(resolve, 1));
      calm =
        waiting.length === before && (waiting.length === queue.statistics().sending || queue.size === 0) ? calm + 1 : 0;
    }
  }

  it('is halved by trouble', async () => {
    let fail = false;
    const { submit } = notingSubmitter(() => {
      if (fail) throw transient();
      return {};
    });
    const queue = makeQueue(await temporaryFolder(), {
      submitter: submit,
      concurrency: 8,
      breaker: noBreaker,
      retry: { baseDelayMs: NEVER_MS, maxDelayMs: NEVER_MS },
    });
    await queue.start();
    expect(queue.statistics().concurrencyLimit).toBe(8);
    fail = true;
    await queue.deliver({ n: 1 });
    expect(queue.statistics().concurrencyLimit).toBe(4);
  });
});

describe('refused credentials', () => {
  it('stop the sender, burn no attempts, are told once, and are asked about now and then', async () => {
    const clock = new ManualClock();
    const directory = await temporaryFolder();
    let fine = false;
    const { submit, seen } = notingSubmitter(() => {
      if (!fine) throw unauthorized();
      return {};
    });
    const queue = makeQueue(directory, {
      clock,
      submitter: submit,
      concurrency: 1,
      random: () => 0,
      probeIntervalMs: 30_000,
    });
    const errors = record(queue, 'error', 'offline', 'online');
    await queue.start();
    for (let n = 0; n < 5; n++) await queue.enqueue({ n }, { id: `r${n}` });
    await turn(clock, 1, () => queue.state === 'offline' && queue.statistics().sending === 0);
    expect(seen).toHaveLength(1);
    expect(queue.offlineReason).toContain('who are you');
    expect((await queue.deliver({ n: 9 }, { id: 'r9' })).outcome).toBe('queued');
    await turn(clock, 1_000, () => seen.length === 4);
    expect(clock.monotonic()).toBeGreaterThan(80_000);
    expect(errors.map(({ event }) => event)).toEqual(['error', 'offline']);
    await quiet(queue);
    expect(await files(directory)).toHaveLength(6);
    for (const name of await files(directory)) expect(name).toMatch(/\.a0\.json\.queued$/);
    fine = true;
    await turn(clock, 1_000, () => queue.size === 0);
    expect(errors.map(({ event }) => event)).toEqual(['error', 'offline', 'online']);
    expect(seen.every(({ attempt }) => attempt === 1)).toBe(true);
  });
});

describe('submitAllPending', () => {
  it('ends every backoff, and says what came of it', async () => {
    let up = false;
    const { submit } = notingSubmitter(() => {
      if (!up) throw transient();
      return {};
    });
    const queue = makeQueue(await temporaryFolder(), {
      submitter: submit,
      breaker: { failureThreshold: 3, resetTimeoutMs: NEVER_MS },
      retry: { baseDelayMs: NEVER_MS, maxDelayMs: NEVER_MS },
    });
    await queue.start();
    for (let n = 0; n < 4; n++) await queue.enqueue({ n });
    while (queue.state !== 'offline' || queue.statistics().sending > 0) await new Promise(setImmediate);
    expect(await queue.submitAllPending()).toEqual({ delivered: 0, waiting: 4 });
    up = true;
    expect(await queue.submitAllPending()).toEqual({ delivered: 4, waiting: 0 });
  });
});

describe('submitAllPending while the server', () => {
  it('refuses what it is sent for now, resolves when all was tried once', async () => {
    const { submit, seen } = notingSubmitter(() => {
      throw transient();
    });
    const queue = makeQueue(await temporaryFolder(), {
      submitter: submit,
      breaker: noBreaker,
      retry: { baseDelayMs: NEVER_MS, maxDelayMs: NEVER_MS },
    });
    await queue.start();
    for (let n = 0; n < 4; n++) await queue.enqueue({ n });
    while (seen.length < 4 || queue.statistics().sending > 0) await new Promise(setImmediate);
    expect(await queue.submitAllPending()).toEqual({ delivered: 0, waiting: 4 });
    expect(seen).toHaveLength(8);
  });

  it('has asked to be left alone, resolves at once', async () => {
    const { submit, seen } = notingSubmitter(() => {
      throw transient(NEVER_MS);
    });
    const queue = makeQueue(await temporaryFolder(), { submitter: submit, concurrency: 1 });
    await queue.start();
    for (let n = 0; n < 4; n++) await queue.enqueue({ n });
    expect(await queue.submitAllPending()).toEqual({ delivered: 0, waiting: 4 });
    expect(seen).toHaveLength(1);
  });
});

describe('a submitter in JavaScript', () => {
  it('may resolve with nothing: the report was accepted, once', async () => {
    const seen: unknown[] = [];
    const submitter = {
      submit: async (report: unknown) => {
        seen.push(report);
        return undefined as unknown as { id: string };
      },
    };
    const queue = makeQueue(await temporaryFolder(), { submitter });
    await queue.start();
    await queue.enqueue({ n: 1 });
    await queue.drain();
    expect(await queue.deliver({ n: 2 })).toMatchObject({ outcome: 'delivered' });
    expect(seen).toEqual([{ n: 1 }, { n: 2 }]);
  });
});

describe('drain', () => {
  it('rejects when the queue is stopped meanwhile', async () => {
    const queue = makeQueue(await temporaryFolder());
    await expect(queue.drain()).rejects.toMatchObject({ code: 'QUEUE_CLOSED' });
    await queue.start();
    queue.pause();
    await queue.enqueue({ n: 1 });
    const drain = expect(queue.drain()).rejects.toMatchObject({ code: 'QUEUE_CLOSED' });
    await queue.stop();
    await drain;
  });

  it('rejects with the reason of its signal, and idle is told once for each time that the queue was busy', async () => {
    const queue = makeQueue(await temporaryFolder());
    const idle = record(queue, 'idle');
    await queue.start();
    await queue.drain();
    queue.pause();
    await queue.enqueue({ n: 1 });
    const abort = new AbortController();
    const drain = queue.drain({ signal: abort.signal });
    abort.abort(new RangeError('enough'));
    await expect(drain).rejects.toThrow('enough');
    expect(idle).toHaveLength(0);
    queue.resume();
    await queue.drain();
    expect(idle).toHaveLength(1);
  });
});

describe('find and list', () => {
  it('show what is there, a page at a time', async () => {
    const queue = makeQueue(await temporaryFolder(), { submitter: () => Promise.reject(permanent()) });
    await queue.start();
    await queue.enqueue({ n: 0 }, { id: 'bad' });
    await queue.drain();
    queue.pause();
    for (let n = 1; n <= 5; n++) await queue.enqueue({ n }, { id: `r${n}` });
    expect(queue.find('r1')).toMatchObject({
      id: 'r1',
      state: 'queued',
      attempts: 0,
      priority: 5,
      size: 7,
      dueInMs: 0,
    });
    expect(queue.find('nothing')).toBeUndefined();
    const first = queue.list({ limit: 4 });
    expect(first.items.map(({ id }) => id)).toEqual(['bad', 'r1', 'r2', 'r3']);
    const second = queue.list({ limit: 4, ...(first.nextCursor ? { cursor: first.nextCursor } : {}) });
    expect(second.items.map(({ id }) => id)).toEqual(['r4', 'r5']);
    expect(second.nextCursor).toBeUndefined();
    expect(queue.list({ state: 'error' }).items.map(({ id }) => id)).toEqual(['bad']);
    expect(queue.statistics()).toMatchObject({ queued: 5, error: 1, bytes: 35, state: 'paused' });
    expect(queue.statistics().oldestAgeMs).toBeGreaterThanOrEqual(0);
  });
});

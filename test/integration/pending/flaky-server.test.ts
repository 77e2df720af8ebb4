import { describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../src/clock.js';
import { type FileSystem, nodeFileSystem } from '../../../src/files/file-system.js';
import type { PendingQueue } from '../../../src/pending/pending-queue.js';
import { HttpSubmitter } from '../../../src/submit/http-submitter.js';
import { type FakeBehaviour, FakeServer } from '../../../src/testing/fake-server.js';
import { amount } from '../../support/effort.js';
import { files, makeQueue, temporaryFolder } from '../../unit/pending/support.js';

/** The same numbers in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The machine's clock, which stands still while a step runs: the queue and the submitter that it calls read the same time. */
function steppingClock(): Clock {
  let now: number | undefined;
  return {
    ...systemClock,
    monotonic: () => {
      if (now === undefined) {
        now = systemClock.monotonic();
        queueMicrotask(() => {
          now = undefined;
        });
      }
      return now;
    },
  };
}

/** Without fsync: these reports need not survive a power failure, and 30,000 fsyncs take longer than the rest. */
const withoutSync: FileSystem = {
  ...nodeFileSystem,
  open: async (path, flags, mode) => {
    const file = await nodeFileSystem.open(path, flags, mode);
    const done = async () => undefined;
    return new Proxy(file, {
      get: (target, name) => {
        if (name === 'datasync' || name === 'sync') return done;
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  },
};

describe('10,000 reports for a server that fails 30 % of the time, at times after it had accepted', () => {
  it('all arrive, none under two keys, and the retries stay within their budget', { timeout: 120_000 }, async () => {
    const COUNT = amount({ quick: 2_000, usual: 10_000, soak: 10_000 });
    const BUDGET_PER_SECOND = 250;
    const random = seeded(4);
    const failures: FakeBehaviour[] = ['reset', 'lostAcknowledgement', { status: 500 }, { status: 503 }, 'brokenBody'];
    await using server = await FakeServer.start({
      honourIdempotencyKey: true,
      behave: () => (random() < 0.3 ? failures[Math.floor(random() * failures.length)] : undefined),
    });
    const retries: number[] = [];
    const clock = steppingClock();
    const http = new HttpSubmitter({ url: server.url });
    const queue = makeQueue(await temporaryFolder(), {
      fs: withoutSync,
      concurrency: 10,
      breaker: { failureThreshold: 5, resetTimeoutMs: 1 },
      retry: { baseDelayMs: 5, maxDelayMs: 50, budgetPerMinute: BUDGET_PER_SECOND * 60 },
      clock,
      submitter: (report, context) => {
        if (context.attempt > 1) retries.push(clock.monotonic());
        return http.submit(report, context);
      },
    });
    await queue.start();
    const keys = new Map<number, string>();
    let next = 0;
    const produce = async () => {
      for (let n = next++; n < COUNT; n = next++) keys.set(n, (await queue.enqueue({ n })).id);
    };
    await Promise.all(Array.from({ length: 50 }, produce));
    await queue.drain();

    expect(server.reports).toHaveLength(COUNT);
    const seen = new Map<number, Set<string>>();
    for (const { body, headers } of server.requests) {
      const { n } = body as { n: number };
      seen.set(n, (seen.get(n) ?? new Set()).add(String(headers['idempotency-key'])));
    }
    expect(seen.size).toBe(COUNT);
    for (const [n, used] of seen) expect([...used]).toEqual([keys.get(n)]);
    expect(server.duplicates).toBeGreaterThan(COUNT / 100);
    expect(retries.length).toBeGreaterThan(COUNT / 10);
    // No second, wherever it begins, has more than the budget; the probes of the breaker count as well.
    for (const [first, from] of retries.entries()) {
      const next = retries[first + BUDGET_PER_SECOND];
      if (next !== undefined) expect(next - from).toBeGreaterThanOrEqual(1_000);
    }
    expect(queue.statistics()).toMatchObject({ delivered: COUNT, queued: 0, processing: 0, error: 0 });
  });
});

describe('a server that goes away', () => {
  it('leaves reports waiting, and gets all of them when it is back, without anybody asking', async () => {
    const directory = await temporaryFolder();
    await using server = await FakeServer.start();
    const queue = makeQueue(directory, {
      submitter: new HttpSubmitter({ url: server.url }),
      breaker: { failureThreshold: 3, resetTimeoutMs: 20 },
    });
    await queue.start();
    expect(await queue.deliver({ n: 0 })).toMatchObject({ outcome: 'delivered' });
    await server.down();
    for (let n = 1; n <= 50; n++) expect((await queue.deliver({ n })).outcome).toBe('queued');
    while (queue.state !== 'offline') await new Promise(setImmediate);
    expect(await files(directory)).toHaveLength(50);
    await server.up();
    await queue.drain();
    expect(server.reports.map(({ body }) => (body as { n: number }).n).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 51 }, (_, n) => n),
    );
    expect(queue.state).toBe('running');
  });

  it('may be away when the queue starts', async () => {
    const directory = await temporaryFolder();
    const server = await FakeServer.start();
    await server.down();
    const first = makeQueue(directory, { submitter: new HttpSubmitter({ url: server.url }) });
    await first.start();
    await first.enqueue({ n: 1 });
    await first.stop();
    const second = makeQueue(directory, {
      submitter: new HttpSubmitter({ url: server.url }),
      breaker: { failureThreshold: 1, resetTimeoutMs: 10 },
    });
    await second.start();
    await server.up();
    await second.drain();
    expect(server.reports).toHaveLength(1);
    await server.stop();
  });

  it('in the middle of a request ends that attempt at once; the next is a whole new one under the same key', async () => {
    await using server = await FakeServer.start();
    server.respondWith('hang');
    const queue: PendingQueue = makeQueue(await temporaryFolder(), {
      submitter: new HttpSubmitter({ url: server.url }),
      breaker: { failureThreshold: 1, resetTimeoutMs: 5 },
    });
    await queue.start();
    const { id } = await queue.enqueue({ big: 'x'.repeat(100_000) });
    while (server.requests.length === 0) await new Promise(setImmediate);
    await server.down();
    await server.up();
    await queue.drain();
    expect(server.requests.map(({ headers }) => headers['idempotency-key'])).toEqual([id, id]);
    expect(server.reports).toMatchObject([{ body: { big: 'x'.repeat(100_000) } }]);
  });
});

describe('each answer of a server', () => {
  it.each([
    [{ status: 400 }, 'refused'],
    [{ status: 409 }, 'refused'],
    [{ status: 413 }, 'refused'],
    [{ status: 408 }, 'queued'],
    [{ status: 429, headers: { 'retry-after': '1' } }, 'queued'],
    [{ status: 500 }, 'queued'],
    [{ status: 503, headers: { 'retry-after': 'Fri, 31 Dec 2010 23:59:59 GMT' } }, 'queued'],
    [{ status: 401 }, 'queued'],
    [{ status: 403 }, 'queued'],
    ['reset', 'queued'],
    ['lostAcknowledgement', 'queued'],
    ['brokenBody', 'queued'],
  ] as const)('%j leaves the report %s', async (behaviour, outcome) => {
    await using server = await FakeServer.start();
    server.respondWith(behaviour as FakeBehaviour);
    const queue = makeQueue(await temporaryFolder(), {
      submitter: new HttpSubmitter({ url: server.url }),
      retry: { baseDelayMs: 3_600_000, maxDelayMs: 3_600_000 },
    });
    queue.on('error', () => undefined);
    await queue.start();
    expect((await queue.deliver({ n: 1 }, { id: 'one' })).outcome).toBe(outcome);
    expect(queue.find('one')?.state).toBe(outcome === 'refused' ? 'error' : 'queued');
  });
});

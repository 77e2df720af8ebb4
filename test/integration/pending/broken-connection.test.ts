import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HttpSubmitter } from '../../../src/submit/http-submitter.js';
import { FakeServer } from '../../../src/testing/fake-server.js';
import { halfOpenProxy } from '../../support/half-open-proxy.js';
import { files, makeQueue, NEVER_MS, next, record, temporaryFolder } from '../../unit/pending/support.js';

const numbers = (server: FakeServer) => server.reports.map(({ body }) => (body as { n: number }).n).sort();

describe('a connection that is half-open', () => {
  it('costs one deadline, opens the breaker, and is replaced by a new one when the network is back', async () => {
    await using server = await FakeServer.start({ honourIdempotencyKey: true });
    const proxy = await halfOpenProxy(Number(new URL(server.url).port));
    const queue = makeQueue(await temporaryFolder(), {
      submitter: new HttpSubmitter({ url: proxy.url, timeoutMs: 250 }),
      breaker: { failureThreshold: 2, resetTimeoutMs: 20 },
    });
    await queue.start();
    expect(await queue.deliver({ n: 0 })).toMatchObject({ outcome: 'delivered' });
    proxy.freeze();
    const opened = next(queue, 'breakerOpened');
    const outcomes = await Promise.all([1, 2, 3].map(n => queue.deliver({ n })));
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['queued', 'queued', 'queued']);
    expect((await opened).error?.message).toContain('250 ms');
    expect(queue.state).toBe('offline');
    proxy.thaw();
    await queue.drain();
    expect(numbers(server)).toEqual([0, 1, 2, 3]);
    expect(queue.state).toBe('running');
    await proxy.stop();
  });
});

describe('an answer that trickles', () => {
  it('is cut at the deadline; the report is sent again under the same key, so that the server has it once', async () => {
    await using server = await FakeServer.start({ honourIdempotencyKey: true });
    server.respondWith({ status: 200, slowMs: 25 });
    const queue = makeQueue(await temporaryFolder(), {
      submitter: new HttpSubmitter({ url: server.url, timeoutMs: 250 }),
    });
    await queue.start();
    const { id } = await queue.enqueue({ n: 1 });
    await queue.drain();
    expect(server.requests.map(({ headers }) => headers['idempotency-key'])).toEqual([id, id]);
    expect(server.reports).toHaveLength(1);
    expect(server.duplicates).toBe(1);
  });
});

describe('a server whose certificate is not to be trusted', () => {
  it('gets nothing; the queue says so once, burns no attempt, and goes on when it is mended', async ({ skip }) => {
    const folder = await temporaryFolder();
    const args = 'req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=elsewhere -keyout k.pem -out c.pem'.split(' ');
    try {
      execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
    } catch {
      return skip('openssl is not installed');
    }
    const [key, cert] = await Promise.all(['k.pem', 'c.pem'].map(name => readFile(join(folder, name), 'utf8')));
    await using bad = await FakeServer.start({ tls: { key: key ?? '', cert: cert ?? '' } });
    const directory = await temporaryFolder();
    const queue = makeQueue(directory, {
      submitter: new HttpSubmitter({ url: bad.url }),
      probeIntervalMs: NEVER_MS,
    });
    const events = record(queue, 'error', 'offline');
    await queue.start();
    expect((await queue.deliver({ n: 1 }, { id: 'one' })).outcome).toBe('queued');
    expect((await queue.deliver({ n: 2 }, { id: 'two' })).outcome).toBe('queued');
    expect(events.map(({ event }) => event)).toEqual(['error', 'offline']);
    expect(queue.offlineReason).toContain('TLS');
    expect(bad.requests).toEqual([]);
    expect((await files(directory)).map(name => name.slice(21))).toEqual(['one.a0.json.queued', 'two.a0.json.queued']);
    await queue.stop();

    await using good = await FakeServer.start();
    const mended = makeQueue(directory, { submitter: new HttpSubmitter({ url: good.url }) });
    await mended.start();
    await mended.drain();
    expect(numbers(good)).toEqual([1, 2]);
  });
});

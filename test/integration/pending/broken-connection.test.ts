import { execFileSync, spawn } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SubmitTrace } from '../../../src/observe/channels.js';
import { HttpSubmitter } from '../../../src/submit/http-submitter.js';
import { FakeServer } from '../../../src/testing/fake-server.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { bundle } from '../../support/bundle.js';
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

describe('a connection that is reset in the middle of a transfer', () => {
  it('fails the attempt at once and cleanly, and the whole report is sent anew under its key with a fresh attempt id', async () => {
    await using server = await FakeServer.start();
    const proxy = await halfOpenProxy(Number(new URL(server.url).port));
    const traced: SubmitTrace[] = [];
    const trace = (message: unknown) => void traced.push({ ...(message as SubmitTrace) });
    subscribe('tracing:millrace:submit:start', trace);
    const lines: Record<string, unknown>[] = [];
    const log = (fields: object, message: string) => void lines.push({ ...fields, message });
    const directory = await temporaryFolder();
    const queue = makeQueue(directory, {
      submitter: new HttpSubmitter({ url: proxy.url, timeoutMs: NEVER_MS }),
      logger: { debug: log, info: log, warn: log, error: log },
    });
    const events = record(queue, 'retrying', 'submitted', 'failed', 'corrupted', 'error');
    await queue.start();
    proxy.cutAfter(100_000);
    const report = { text: 'x'.repeat(5_000_000) };
    await queue.enqueue(report, { id: 'one' });
    await queue.drain();
    unsubscribe('tracing:millrace:submit:start', trace);
    await proxy.stop();

    // No deadline ended the first one: it failed when the connection did, and reached nobody.
    expect(events.map(({ event }) => event)).toEqual(['retrying', 'submitted']);
    const [broken, whole] = events.map(({ payload }) => payload as { attemptId: string; attempts: number });
    expect(broken).toMatchObject({ attempts: 1, error: { code: 'SUBMIT_TRANSIENT' } });
    expect(server.requests).toMatchObject([
      { headers: { 'idempotency-key': 'one', 'x-attempt-id': whole?.attemptId }, body: report },
    ]);
    expect(broken?.attemptId).not.toBe(whole?.attemptId);
    for (const id of [broken?.attemptId, whole?.attemptId])
      expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(traced.map(({ attempt, attemptId }) => ({ attempt, attemptId }))).toEqual([
      { attempt: 1, attemptId: broken?.attemptId },
      { attempt: 2, attemptId: whole?.attemptId },
    ]);
    expect(lines.filter(({ attemptId }) => attemptId !== undefined)).toMatchObject([
      { message: 'Report was not accepted and is tried again', attemptId: broken?.attemptId },
      { message: 'Report submitted', attemptId: whole?.attemptId },
    ]);
    // Nothing of the broken one is left.
    expect((await readdir(directory)).filter(name => name !== 'lock')).toEqual([]);
  });

  it('by deliver, without the disk, is followed by an attempt of its own, too', async () => {
    await using server = await FakeServer.start();
    const proxy = await halfOpenProxy(Number(new URL(server.url).port));
    const queue = makeQueue(await temporaryFolder(), { submitter: new HttpSubmitter({ url: proxy.url }) });
    const events = record(queue, 'retrying', 'submitted');
    await queue.start();
    proxy.cutAfter(100_000);
    expect(await queue.deliver({ text: 'x'.repeat(1_000_000) })).toMatchObject({ outcome: 'queued' });
    await queue.drain();
    expect(new Set(events.map(({ payload }) => (payload as { attemptId: string }).attemptId)).size).toBe(2);
    expect(server.reports).toHaveLength(1);
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

/** A key and a self-signed certificate, or `undefined` where they cannot be made. */
function certificate(folder: string, name: string, subject: string): { key: string; cert: string } | undefined {
  const args = `req -x509 -newkey rsa:2048 -nodes -days 1 -keyout ${name}.key -out ${name}.pem ${subject}`.split(' ');
  try {
    execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  } catch {
    return undefined;
  }
  const read = (ending: string) => readFileSync(join(folder, `${name}.${ending}`), 'utf8');
  return { key: read('key'), cert: read('pem') };
}

describe('a server that refuses us', () => {
  it('with 403 costs no attempt and stops the sender; the same queue goes on by itself when it accepts again', async () => {
    await using server = await FakeServer.start({ behave: () => ({ status: 403, body: 'not from here' }) });
    const directory = await temporaryFolder();
    const queue = makeQueue(directory, { submitter: new HttpSubmitter({ url: server.url }), probeIntervalMs: 20 });
    const events = record(queue, 'error', 'offline', 'online', 'retrying', 'failed');
    await queue.start();
    for (const id of ['one', 'two', 'three']) await queue.enqueue({ n: id }, { id });
    // Asked again and again, with one report at a time.
    while (server.requests.length < 8) await new Promise(setImmediate);
    expect(queue.state).toBe('offline');
    expect(queue.offlineReason).toContain('not from here');
    for (const { attempts } of queue.list().items) expect(attempts).toBe(0);
    server.behave = () => undefined;
    await queue.drain();
    expect(server.reports.map(({ idempotencyKey }) => idempotencyKey).sort()).toEqual(['one', 'three', 'two']);
    expect(events.map(({ event }) => event)).toEqual(['error', 'offline', 'online']);
  });

  it('with a certificate that is not to be trusted, likewise, when it gets a better one', async ({ skip }) => {
    const folder = await temporaryFolder();
    const bad = certificate(folder, 'bad', '-subj /CN=elsewhere');
    const good = certificate(folder, 'good', '-subj /CN=here -addext subjectAltName=IP:127.0.0.1');
    if (!bad || !good) return skip('openssl is not installed');
    const server = await FakeServer.start({ tls: bad });
    const program = await bundle(new URL('./tls-child.ts', import.meta.url));
    const child = spawn(process.execPath, [program, join(folder, 'pending'), server.url], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'good.pem') },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let told = '';
    const ended = once(child, 'close');
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      told += text;
    });
    const connections = () => server.connections;
    while (connections() < 4) await new Promise(resolve => setTimeout(resolve, 5));
    expect(server.requests).toEqual([]);
    await server.stop();
    await using mended = await FakeServer.start({ tls: good, port: Number(new URL(server.url).port) });
    expect((await ended)[0]).toBe(0);
    expect(mended.reports).toMatchObject([{ body: { n: 1 } }]);
    const lines = told.trim().split('\n');
    expect(lines.slice(0, 2)).toEqual(['error 0', 'offline 0']);
    expect(lines.at(-1)).toMatch(/^online/);
    // Between the two servers there was none, which does count as a failed attempt.
    expect(lines.slice(2, -1).filter(line => !line.startsWith('retrying'))).toEqual([]);
  });
});

describe('a server that asks to be left alone', () => {
  it.each([
    ['for so many seconds', 429, () => '60'],
    ['until a date', 503, (now: number) => new Date(now + 60_000).toUTCString()],
  ])('%s gets nothing until then, and everything after it', async (_, status, retryAfter) => {
    const clock = new ManualClock(Date.UTC(2026, 1, 13, 14));
    await using server = await FakeServer.start();
    server.respondWith({ status, headers: { 'retry-after': retryAfter(clock.now()) } });
    const queue = makeQueue(await temporaryFolder(), {
      clock,
      submitter: new HttpSubmitter({ url: server.url, timeoutMs: NEVER_MS, clock }),
    });
    const retrying = next(queue, 'retrying');
    await queue.start();
    expect(await queue.deliver({ n: 1 })).toMatchObject({ outcome: 'queued' });
    expect((await retrying).delayMs).toBe(60_000);
    expect(await queue.deliver({ n: 2 })).toMatchObject({ outcome: 'queued' });
    await clock.advance(59_999);
    expect(queue.statistics().sending).toBe(0);
    expect(server.requests).toHaveLength(1);
    while (queue.size > 0) {
      await clock.advance(1);
      await new Promise(resolve => setTimeout(resolve, 1));
    }
    expect(numbers(server)).toEqual([1, 2]);
  });
});

describe('a server whose certificate is not to be trusted', () => {
  it('gets nothing; the queue says so once, burns no attempt, and goes on when it is mended', async ({ skip }) => {
    const folder = await temporaryFolder();
    const tls = certificate(folder, 'bad', '-subj /CN=elsewhere');
    if (!tls) return skip('openssl is not installed');
    await using bad = await FakeServer.start({ tls });
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

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigError, SubmitError } from '../../../src/errors.js';
import { HttpSubmitter, type HttpSubmitterOptions } from '../../../src/submit/http-submitter.js';
import { FakeServer, type FakeServerOptions } from '../../../src/testing/fake-server.js';
import { halfOpenProxy } from '../../support/half-open-proxy.js';

const servers: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function fake(options?: FakeServerOptions): Promise<FakeServer> {
  const server = await FakeServer.start(options);
  servers.push(server);
  return server;
}

const context = { idempotencyKey: 'key-1', signal: new AbortController().signal, attempt: 1 };

async function failure(options: HttpSubmitterOptions, signal = context.signal): Promise<SubmitError> {
  const error = await new HttpSubmitter(options).submit({ a: 1 }, { ...context, signal }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(SubmitError);
  return error as SubmitError;
}

describe('HttpSubmitter', () => {
  it('posts JSON with the idempotency key and the given headers, and gives back the id', async () => {
    const server = await fake();
    const submitter = new HttpSubmitter({ url: `${server.url}/reports`, headers: { 'x-station': 'S1' } });
    const result = await submitter.submit({ pn: 'P', ü: '日本' }, context);
    const [request] = server.requests;
    expect(request?.body).toEqual({ pn: 'P', ü: '日本' });
    expect(request?.headers).toMatchObject({
      'idempotency-key': 'key-1',
      'content-type': 'application/json',
      'x-station': 'S1',
    });
    expect(result.id).toBe(server.reports[0]?.id);
  });

  it('names the report whose place one takes', async () => {
    const server = await fake();
    await new HttpSubmitter({ url: server.url }).submit({}, { ...context, supersedes: 'key-0' });
    await new HttpSubmitter({ url: server.url }).submit({}, { ...context, idempotencyKey: 'key-2' });
    expect(server.requests.map(({ headers }) => headers['x-supersedes'])).toEqual(['key-0', undefined]);
  });

  it('compresses the body when it is told to', async () => {
    const server = await fake();
    await new HttpSubmitter({ url: server.url, gzip: true }).submit({ text: 'x'.repeat(5000) }, context);
    expect(server.requests[0]?.headers['content-encoding']).toBe('gzip');
    expect(server.requests[0]?.body).toEqual({ text: 'x'.repeat(5000) });
    expect(Number(server.requests[0]?.headers['content-length'])).toBeLessThan(500);
  });

  it.each([
    [400, 'permanent'],
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [404, 'permanent'],
    [408, 'transient'],
    [409, 'permanent'],
    [413, 'permanent'],
    [415, 'permanent'],
    [422, 'permanent'],
    [425, 'transient'],
    [429, 'transient'],
    [500, 'transient'],
    [502, 'transient'],
    [503, 'transient'],
    [504, 'transient'],
    [302, 'unauthorized'],
  ] as const)('takes %i as %s', async (status, kind) => {
    const server = await fake();
    server.respondWith({ status, headers: status === 302 ? { location: '/login' } : {} });
    expect(await failure({ url: server.url })).toMatchObject({ kind, status });
    expect(server.requests).toHaveLength(1);
    expect(server.probes).toHaveLength(0);
  });

  it("gives the server's words", async () => {
    const server = await fake();
    const url = server.url;
    server.respondWith(
      { status: 400, body: { Message: 'processCode 99 does not exist' } },
      { status: 400, body: 'plain words' },
      { status: 422, body: { errors: [{ path: 'sn' }] } },
    );
    expect((await failure({ url })).serverMessage).toBe('processCode 99 does not exist');
    expect((await failure({ url })).message).toContain('plain words');
    expect((await failure({ url })).serverMessage).toBe('[{"path":"sn"}]');
  });

  it('reads Retry-After in both forms and ignores what makes no sense', async () => {
    const server = await fake();
    const inTwoMinutes = new Date(Date.now() + 120_000).toUTCString();
    for (const value of ['7', inTwoMinutes, 'garbage', '-3', '99999999', 'Mon, 01 Jan 2001 00:00:00 GMT']) {
      server.respondWith({ status: 503, headers: { 'retry-after': value } });
    }
    const waits: (number | undefined)[] = [];
    for (let i = 0; i < 6; i++) waits.push((await failure({ url: server.url })).retryAfterMs);
    expect(waits[0]).toBe(7_000);
    expect(waits[1]).toBeGreaterThan(110_000);
    expect(waits[1]).toBeLessThanOrEqual(120_000);
    expect(waits.slice(2)).toEqual([undefined, undefined, 3_600_000, 0]);
  });

  it('takes a refused, reset or broken-off connection as transient', async () => {
    const server = await fake();
    server.respondWith('reset', 'brokenBody', 'lostAcknowledgement');
    for (let i = 0; i < 3; i++) expect((await failure({ url: server.url })).kind).toBe('transient');
    await server.down();
    expect(await failure({ url: server.url })).toMatchObject({ kind: 'transient', code: 'SUBMIT_TRANSIENT' });
  });

  it('ends a request at its deadline, also while the body trickles', async () => {
    const server = await fake();
    server.respondWith('hang', { status: 200, body: 'x'.repeat(1000), slowMs: 20 });
    expect((await failure({ url: server.url, timeoutMs: 100 })).message).toContain('100 ms');
    expect((await failure({ url: server.url, timeoutMs: 150 })).message).toContain('150 ms');
  });

  it('ends a request on a half-open connection at its deadline', async () => {
    const server = await fake();
    const proxy = await halfOpenProxy(Number(new URL(server.url).port));
    servers.push(proxy);
    const submitter = new HttpSubmitter({ url: proxy.url, timeoutMs: 200 });
    await submitter.submit({ n: 1 }, context);
    proxy.freeze();
    await expect(submitter.submit({ n: 2 }, context)).rejects.toMatchObject({ kind: 'transient' });
    expect(server.requests).toHaveLength(1);
  });

  it('stops at once when its signal aborts, with the reason of the signal', async () => {
    const server = await fake();
    server.respondWith('hang');
    const abort = new AbortController();
    const pending = new HttpSubmitter({ url: server.url }).submit({}, { ...context, signal: abort.signal });
    const reason = new ConfigError([]);
    abort.abort(reason);
    await expect(pending).rejects.toBe(reason);
  });

  it('reads no more of an answer than is sensible', async () => {
    const server = await fake();
    server.respondWith({ status: 200, body: 'y'.repeat(1_000_000) });
    const { response } = await new HttpSubmitter({ url: server.url }).submit({}, context);
    expect(String(response).length).toBe(65_536);
  });

  it('takes a bad certificate as a fault of the submitter', async ({ skip }) => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-tls-'));
    try {
      const args = 'req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=elsewhere -keyout k.pem -out c.pem'.split(' ');
      try {
        execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
      } catch {
        return skip('openssl is not installed');
      }
      const [key, cert] = ['k.pem', 'c.pem'].map(name => readFileSync(join(folder, name), 'utf8'));
      const server = await fake({ tls: { key: key ?? '', cert: cert ?? '' } });
      const error = await failure({ url: server.url });
      expect(error.kind).toBe('unauthorized');
      expect(error.message).toContain('TLS');
      expect(server.requests).toHaveLength(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('never shows a secret, whatever the server or the system says', async () => {
    const server = await fake();
    const secrets = ['dG9rZW46c2VjcmV0', 'cookie-secret', 'query-secret', 'pass-word-1'];
    const url = new URL(`${server.url}/x?token=query-secret`);
    url.username = 'user';
    url.password = 'pass-word-1';
    const options = {
      url,
      headers: { authorization: 'Basic dG9rZW46c2VjcmV0', cookie: 'sid=cookie-secret' },
    };
    server.respondWith({ status: 400, body: `no: ${secrets.join(' ')}` }, 'reset');
    const errors = [await failure(options), await failure(options)];
    await server.down();
    errors.push(await failure(options));
    for (const error of errors) {
      const shown = inspect(error, { depth: 10, showHidden: true }) + error.stack + JSON.stringify(error);
      for (const secret of secrets) expect(shown).not.toContain(secret);
    }
    expect(inspect(new HttpSubmitter(options), { depth: 10 })).not.toContain('dG9rZW46c2VjcmV0');
    expect(errors[0]?.message).toContain('no: [hidden]');
  });

  it('sends the user and password of the address as Basic authorization', async () => {
    const server = await fake();
    await new HttpSubmitter({ url: server.url.replace('//', '//me:p%40ss@') }).submit({}, context);
    expect(server.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  });

  it('is content with any answer to its probe, unless a probe address is given', async () => {
    const server = await fake();
    const { signal } = context;
    await new HttpSubmitter({ url: server.url }).probe(signal);
    expect(server.probes[0]?.method).toBe('HEAD');
    await new HttpSubmitter({ url: server.url, probeUrl: `${server.url}/health` }).probe(signal);
    expect(server.probes[1]).toMatchObject({ method: 'GET', path: '/health' });
    await server.down();
    await expect(new HttpSubmitter({ url: server.url }).probe(signal)).rejects.toMatchObject({ kind: 'transient' });
  });

  it('keeps connections open between reports', async () => {
    const server = await fake();
    const submitter = new HttpSubmitter({ url: server.url });
    for (let i = 0; i < 20; i++) await submitter.submit({ i }, context);
    expect(server.connections).toBeLessThan(5);
  });

  it('names what is wrong with its options', () => {
    expect(() => new HttpSubmitter({ url: 'ftp://x' })).toThrow(ConfigError);
    expect(() => new HttpSubmitter({ url: 'nonsense' })).toThrow(/http or https/);
    expect(() => new HttpSubmitter({ url: 'http://x', timeoutMs: 0 })).toThrow(/timeoutMs/);
  });
});

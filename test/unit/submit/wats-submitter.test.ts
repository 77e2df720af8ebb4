import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WatsSubmitter } from '../../../src/submit/wats-submitter.js';
import { FakeServer } from '../../../src/testing/fake-server.js';

const KEY = '3b241101-e2bb-5255-8caf-4136c566a962';
const context = { idempotencyKey: KEY, signal: new AbortController().signal, attempt: 1 };
let server: FakeServer;

beforeEach(async () => {
  server = await FakeServer.start();
});
afterEach(() => server.stop());

describe('WatsSubmitter', () => {
  it.each(['', '/', '/api', '/api/', '//'])('finds its routes from a base address ending in "%s"', async ending => {
    const submitter = new WatsSubmitter({ baseUrl: server.url + ending, token: 'dDp0' });
    await submitter.submit({ pn: 'P' }, context);
    await submitter.probe(context.signal);
    expect(server.requests[0]).toMatchObject({ path: '/api/Report/WSJF', headers: { authorization: 'Basic dDp0' } });
    expect(server.probes[0]).toMatchObject({ method: 'GET', path: '/api/App/Version' });
  });

  it('gives a report without an id the idempotency key as its id, so that it overwrites itself', async () => {
    const submitter = new WatsSubmitter({ baseUrl: server.url, token: 'dDp0' });
    const report = { pn: 'P' };
    await submitter.submit(report, context);
    await submitter.submit({ pn: 'P', id: 'own' }, context);
    await submitter.submit({ pn: 'P' }, { ...context, idempotencyKey: 'no-uuid' });
    await submitter.submit({ pn: 'P' }, { ...context, idempotencyKey: 'no-uuid' });
    const ids = server.requests.map(({ body }) => (body as { id: string }).id);
    expect(ids.slice(0, 2)).toEqual([KEY, 'own']);
    expect(ids[2]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5/);
    expect(ids[3]).toBe(ids[2]);
    expect(report).toEqual({ pn: 'P' });
  });

  it('names the report whose place one takes by its id in a misc info, beside those that are there', async () => {
    const submitter = new WatsSubmitter({ baseUrl: server.url, token: 'dDp0' });
    const superseding = { ...context, idempotencyKey: 'k', supersedes: KEY };
    await submitter.submit({ pn: 'P', miscInfos: [{ description: 'Oven', text: '3' }] }, superseding);
    await submitter.submit({ pn: 'P' }, { ...superseding, idempotencyKey: 'l' });
    const named = { description: 'Supersedes report', text: KEY };
    const infos = server.requests.map(({ body }) => (body as { miscInfos: unknown }).miscInfos);
    expect(infos).toEqual([[{ description: 'Oven', text: '3' }, named], [named]]);
  });

  it.each([
    [{ ID: 'a', uuid: 'b', Report_ID: 3 }, 'a'],
    [[{ ID: 'a' }], 'a'],
    [{ id: 'c' }, 'c'],
    [{ Report_ID: 7 }, '7'],
    [JSON.stringify(KEY), KEY],
  ])('reads the id out of %j', async (body, id) => {
    server.respondWith({ status: 200, body });
    const submitter = new WatsSubmitter({ baseUrl: server.url, token: 'dDp0' });
    expect((await submitter.submit({}, context)).id).toBe(id);
  });

  it.each(['<html>Log in</html>', '{}', '[]'])('does not take a 200 with %j for an acceptance', async body => {
    server.respondWith({ status: 200, body });
    const submitter = new WatsSubmitter({ baseUrl: server.url, token: 'dDp0' });
    await expect(submitter.submit({}, context)).rejects.toMatchObject({ kind: 'transient' });
  });

  it('compresses the body when it is told to, the id that it gives the report with it', async () => {
    const submitter = new WatsSubmitter({ baseUrl: server.url, token: 'dDp0', gzip: true });
    const report = { pn: 'P', text: 'x'.repeat(5_000) };
    expect((await submitter.submit(report, context)).id).toBe(KEY);
    expect(server.requests[0]?.headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-type': 'application/json',
    });
    expect(Number(server.requests[0]?.headers['content-length'])).toBeLessThan(500);
    expect(server.requests[0]?.body).toEqual({ ...report, id: KEY });
  });

  it('gives the words of a refusal', async () => {
    server.respondWith({ status: 400, body: { message: 'processCode is unknown' } });
    const submitter = new WatsSubmitter({ baseUrl: server.url, token: 'dDp0' });
    await expect(submitter.submit({}, context)).rejects.toMatchObject({
      kind: 'permanent',
      serverMessage: 'processCode is unknown',
    });
  });
});

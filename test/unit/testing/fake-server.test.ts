import { once } from 'node:events';
import { createServer } from 'node:net';
import { FakeServer } from 'millrace/testing';
import { expect, it } from 'vitest';

it('comes up once, however many ask for it at a time', async () => {
  await using server = await FakeServer.start();
  const { url } = server;
  await server.down();
  await Promise.all([server.up(), server.up(), server.up()]);
  expect(server.url).toBe(url);
  expect((await fetch(url, { method: 'HEAD' })).ok).toBe(true);
});

it('waits for its port when another program has got it while it was down', async () => {
  await using server = await FakeServer.start();
  await server.down();
  const other = createServer();
  other.listen(Number(new URL(server.url).port), '127.0.0.1');
  await once(other, 'listening');
  const up = server.up();
  expect(await Promise.race([up, new Promise(resolve => setTimeout(resolve, 100, 'waits'))])).toBe('waits');
  other.close();
  await up;
  expect((await fetch(server.url, { method: 'HEAD' })).ok).toBe(true);
});

it('says so at once when the port that it is to have at first is taken', async () => {
  await using server = await FakeServer.start();
  await expect(FakeServer.start({ port: Number(new URL(server.url).port) })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});

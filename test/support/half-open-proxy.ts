/** A TCP proxy that can go half-open: connections stay up, and nothing comes through any more; and that can cut them. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface HalfOpenProxy {
  url: string;
  /** From now on bytes are swallowed. */
  freeze(): void;
  /** New connections work again; frozen ones stay dead. */
  thaw(): void;
  /** The next connection is reset once so many bytes of it were passed on. */
  cutAfter(bytes: number): void;
  stop(): Promise<void>;
}

export async function halfOpenProxy(port: number): Promise<HalfOpenProxy> {
  const sockets = new Set<Socket>();
  let frozen = false;
  let cutAfter = Number.POSITIVE_INFINITY;
  const server = createServer(client => {
    const upstream = connect(port, '127.0.0.1');
    let dead = frozen;
    let left = cutAfter;
    cutAfter = Number.POSITIVE_INFINITY;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    const relay = (from: Socket, to: Socket) => {
      from.on('data', data => {
        dead ||= frozen;
        if (!dead) to.write(data);
      });
      from.on('end', () => !dead && to.end());
    };
    relay(client, upstream);
    relay(upstream, client);
    client.on('data', ({ length }) => {
      left -= length;
      if (left > 0) return;
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    freeze: () => {
      frozen = true;
    },
    thaw: () => {
      frozen = false;
    },
    cutAfter: bytes => {
      cutAfter = bytes;
    },
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

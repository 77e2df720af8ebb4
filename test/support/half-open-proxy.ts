/** A TCP proxy that can go half-open: connections stay up, and nothing comes through any more. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface HalfOpenProxy {
  url: string;
  /** From now on bytes are swallowed. */
  freeze(): void;
  /** New connections work again; frozen ones stay dead. */
  thaw(): void;
  stop(): Promise<void>;
}

export async function halfOpenProxy(port: number): Promise<HalfOpenProxy> {
  const sockets = new Set<Socket>();
  let frozen = false;
  const server = createServer(client => {
    const upstream = connect(port, '127.0.0.1');
    let dead = frozen;
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
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

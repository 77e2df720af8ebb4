/** A loopback server for tests that answers like a WATS server, and misbehaves when it is told to. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { systemCode } from '../errors.js';

/** What the server does with one report. */
export type FakeBehaviour =
  /** Answers with this status; 200 to 299 accepts the report. Default body: WATS's. A `slow` body comes byte by byte. */
  | { status: number; headers?: Record<string, string>; body?: unknown; slowMs?: number }
  /** Cuts the connection without an answer; the report is not accepted. */
  | 'reset'
  /** Takes the request and never answers. */
  | 'hang'
  /** Accepts the report and cuts the connection: the acknowledgement is lost. */
  | 'lostAcknowledgement'
  /** Accepts the report, and the answer's body breaks off in the middle. */
  | 'brokenBody';

/** One request as it came. */
export interface FakeRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** The body, parsed where it is JSON. */
  body: unknown;
  /** When it had come in, in epoch ms. */
  at: number;
}

/** An accepted report. */
export interface FakeReport {
  id: string;
  idempotencyKey: string | undefined;
  body: unknown;
}

/** Options of {@link FakeServer}. */
export interface FakeServerOptions {
  /** Default: a free port, kept through `down()` and `up()`. */
  port?: number;
  /** Accept a report once per `Idempotency-Key` and answer the same again. Default false: every acceptance counts. */
  honourIdempotencyKey?: boolean;
  /** Speak TLS with this key and certificate (PEM). */
  tls?: { key: string; cert: string };
  /** Decides about each POST for which no behaviour waits; `undefined` is the normal answer. */
  behave?: (request: FakeRequest) => FakeBehaviour | undefined;
}

/** A port that is taken is tried again so often, and after so many ms: ten seconds in all. */
const PORT_PATIENCE = 200;
const PORT_PAUSE_MS = 50;

/** A server on 127.0.0.1. Create it with {@link FakeServer.start}; `await using` stops it. */
export class FakeServer {
  /** Every POST, in the order in which it came. */
  readonly requests: FakeRequest[] = [];
  /** Every other request: probes. */
  readonly probes: FakeRequest[] = [];
  /** Every accepted report, duplicates included unless `honourIdempotencyKey` is set. */
  readonly reports: FakeReport[] = [];
  /** How many reports were accepted under a key that had been accepted before. */
  duplicates = 0;
  /** How many connections were made. */
  connections = 0;
  /** Decides about each POST for which no behaviour waits. */
  behave: ((request: FakeRequest) => FakeBehaviour | undefined) | undefined;
  readonly #options: FakeServerOptions;
  readonly #next: FakeBehaviour[] = [];
  readonly #accepted = new Map<string, FakeReport>();
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #rising: Promise<void> | undefined;
  #wasUp = false;
  #port: number;

  /** Starts a server. */
  static async start(options: FakeServerOptions = {}): Promise<FakeServer> {
    const server = new FakeServer(options);
    await server.up();
    return server;
  }

  private constructor(options: FakeServerOptions) {
    this.#options = options;
    this.#port = options.port ?? 0;
    this.behave = options.behave;
  }

  /** The address without a path, such as `http://127.0.0.1:40123`. */
  get url(): string {
    return `${this.#options.tls ? 'https' : 'http'}://127.0.0.1:${this.#port}`;
  }

  /** What to do with the next POSTs, one behaviour each. */
  respondWith(...behaviours: FakeBehaviour[]): void {
    this.#next.push(...behaviours);
  }

  /** Listens (again), on the same port as before. */
  async up(): Promise<void> {
    if (this.#server) return;
    this.#rising ??= this.#listen().finally(() => {
      this.#rising = undefined;
    });
    await this.#rising;
  }

  async #listen(): Promise<void> {
    const listener = (request: IncomingMessage, response: ServerResponse) => void this.#handle(request, response);
    const { tls } = this.#options;
    const server: Server = tls ? (createHttpsServer(tls, listener) as unknown as Server) : createHttpServer(listener);
    server.on('connection', (socket: Socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    // While it was down, a program that asked for any free port may have got this one for a moment.
    for (let patience = this.#wasUp ? PORT_PATIENCE : 0; ; patience -= 1) {
      try {
        server.listen(this.#port, '127.0.0.1');
        await once(server, 'listening');
        break;
      } catch (error) {
        if (systemCode(error) !== 'EADDRINUSE' || patience === 0) throw error;
        await pause(PORT_PAUSE_MS);
      }
    }
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.#wasUp = true;
  }

  /** Goes away: connections are cut and new ones refused. */
  async down(): Promise<void> {
    // Whoever asked for it is told when it cannot come up.
    await this.#rising?.catch(() => undefined);
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Stops for good. */
  stop(): Promise<void> {
    return this.down();
  }

  /** {@link stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.down();
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/', headers } = incoming;
    const bytes = await readAll(incoming);
    // The client gave up while it sent.
    if (!bytes) return;
    const request: FakeRequest = { method, path, headers, body: parse(bytes, headers), at: Date.now() };
    if (method !== 'POST') {
      this.probes.push(request);
      response.setHeader('content-type', 'application/json').end(method === 'HEAD' ? undefined : '"24.1.0"');
      return;
    }
    this.requests.push(request);
    await this.#answer(request, response, this.#next.shift() ?? this.behave?.(request) ?? { status: 200 });
  }

  async #answer(request: FakeRequest, response: ServerResponse, behaviour: FakeBehaviour): Promise<void> {
    if (behaviour === 'hang') return;
    if (behaviour === 'reset') {
      response.socket?.resetAndDestroy();
      return;
    }
    if (behaviour === 'lostAcknowledgement') {
      this.#accept(request);
      response.socket?.resetAndDestroy();
      return;
    }
    if (behaviour === 'brokenBody') {
      const text = JSON.stringify(watsAnswer(this.#accept(request)));
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
      response.write(text.slice(0, text.length / 2), () => response.socket?.destroy());
      return;
    }
    const { status, headers, body, slowMs } = behaviour;
    const accepted = status >= 200 && status < 300 ? watsAnswer(this.#accept(request)) : undefined;
    const answer = body ?? accepted ?? '';
    const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    if (slowMs === undefined) {
      response.end(text);
      return;
    }
    for (const byte of Buffer.from(text)) {
      if (response.destroyed) return;
      response.write(Buffer.of(byte));
      await new Promise(resolve => setTimeout(resolve, slowMs));
    }
    response.end();
  }

  #accept({ headers, body }: FakeRequest): FakeReport {
    const key = headers['idempotency-key'];
    const idempotencyKey = typeof key === 'string' ? key : undefined;
    const before = idempotencyKey === undefined ? undefined : this.#accepted.get(idempotencyKey);
    if (before) this.duplicates += 1;
    if (before && this.#options.honourIdempotencyKey) return before;
    const own = (body as { id?: unknown } | null)?.id;
    const report = { id: typeof own === 'string' ? own : randomUUID(), idempotencyKey, body };
    if (idempotencyKey !== undefined) this.#accepted.set(idempotencyKey, report);
    this.reports.push(report);
    return report;
  }
}

function watsAnswer({ id }: FakeReport): Record<string, unknown> {
  return { ID: id, uuid: id, Report_ID: 1 };
}

async function readAll(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  return new Promise(resolve => {
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.once('end', () => resolve(Buffer.concat(chunks)));
    incoming.once('close', () => resolve(undefined));
    incoming.once('error', () => resolve(undefined));
  });
}

function parse(bytes: Buffer, headers: IncomingHttpHeaders): unknown {
  const text = (headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    // A test may send anything; it is recorded as it came.
    return text;
  }
}

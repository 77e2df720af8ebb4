/** Health and metrics over HTTP, in whatever server the host has. The host binds it; nothing listens by itself. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { toError } from '../errors.js';
import type { Health } from '../observe/health.js';
import { PROMETHEUS_CONTENT_TYPE } from '../observe/prometheus.js';
import { prometheusText } from './metric-families.js';
import type { PoolMetrics } from './pool-metrics.js';

/** What the handler asks; an `AsyncConverterPool` is one. */
export interface Observed {
  /** How it is. */
  health(): Promise<Health>;
  /** Its numbers. */
  metrics(): Promise<PoolMetrics>;
}

/** A request of `node:http` and Express, or of Fastify, which has Node's inside. */
export type HealthRequest = Pick<IncomingMessage, 'method' | 'url'> | { raw: IncomingMessage };

/** A response of `node:http` and Express, or of Fastify. */
export type HealthResponse = ServerResponse | HijackedResponse;

/** A response of Fastify. */
export interface HijackedResponse {
  /** Node's own. */
  raw: ServerResponse;
  /** Tells Fastify that somebody else answers. */
  hijack(): unknown;
}

/** Answers a request. Express's `next` is called for paths that are not ours. */
export type HealthHandler = (request: HealthRequest, response: HealthResponse, next?: () => void) => void;

interface Answer {
  status: number;
  type: string;
  body: string;
}

const JSON_TYPE = 'application/json; charset=utf-8';

/** While one of these holds, the station takes no files. */
const NOT_READY: ReadonlySet<string> = new Set(['NOT_RUNNING', 'DISK_LOW', 'QUEUE_FULL', 'OFFLINE', 'PAUSED']);
/** A restart of the process is what helps. */
const DEAD: ReadonlySet<string> = new Set(['STALLED']);

const ROUTES: Readonly<Record<string, (pool: Observed) => Promise<Answer>>> = {
  '/health': async pool => {
    const health = await pool.health();
    return json(health.status === 'unhealthy' ? 503 : 200, health);
  },
  '/health/live': async pool =>
    verdict(await pool.health(), ({ code, value }) => DEAD.has(code) || value === 'stopped'),
  '/health/ready': async pool => verdict(await pool.health(), ({ code }) => NOT_READY.has(code)),
  '/metrics': async pool => ({
    status: 200,
    type: PROMETHEUS_CONTENT_TYPE,
    body: prometheusText(await pool.metrics()),
  }),
};

/**
 * A `(req, res)` handler for `node:http`, Express (`app.use(handler)`) and Fastify (`app.get('/health', handler)`), with
 * `/health` (503 when unhealthy), `/health/live` (503 when only a restart helps), `/health/ready` (503 while no files
 * are taken) and `/metrics` (Prometheus). It has no authentication: bind it to an address that only your monitoring
 * reaches.
 */
export function createHealthHandler(pool: Observed): HealthHandler {
  return (given, into, next) => {
    const request = 'raw' in given ? given.raw : given;
    // From here on the answer is ours, and Fastify does not send one of its own.
    if ('hijack' in into) into.hijack();
    const response = 'raw' in into ? into.raw : into;
    const path = (request.url ?? '/').replace(/[?#].*$/, '').replace(/(?<=.)\/+$/, '');
    const route = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined;
    if (!route) {
      if (next) next();
      else send(response, request.method, json(404, { error: `${Object.keys(ROUTES).join(', ')} are what there is` }));
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      send(response, request.method, json(405, { error: 'only GET and HEAD' }));
      return;
    }
    route(pool).then(
      answer => send(response, request.method, answer),
      (thrown: unknown) => send(response, request.method, json(500, { error: toError(thrown).message })),
    );
  };
}

function verdict({ status, reasons }: Health, isAgainst: (reason: Health['reasons'][number]) => boolean): Answer {
  const against = reasons.filter(isAgainst);
  return json(against.length > 0 ? 503 : 200, { ok: against.length === 0, status, reasons: against });
}

function json(status: number, body: unknown): Answer {
  return { status, type: JSON_TYPE, body: `${JSON.stringify(body)}\n` };
}

function send(response: ServerResponse, method: string | undefined, { status, type, body }: Answer): void {
  if (response.headersSent || response.destroyed) return;
  response.statusCode = status;
  response.setHeader('content-type', type);
  response.setHeader('content-length', Buffer.byteLength(body));
  response.setHeader('cache-control', 'no-store');
  response.setHeader('x-content-type-options', 'nosniff');
  response.end(method === 'HEAD' ? undefined : body);
}

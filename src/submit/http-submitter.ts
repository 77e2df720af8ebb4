/** Submits reports as JSON over HTTP. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Clock, systemClock } from '../clock.js';
import { ConfigError, SubmitError } from '../errors.js';
import { parseBody, reportId, serverWords } from './answer.js';
import { clockSkew } from './clock-skew.js';
import { type HttpAnswer, request } from './http-client.js';
import { errorFromStatus } from './http-errors.js';
import { Redactor, withoutSecrets } from './redact.js';
import { parseRetryAfter } from './retry-after.js';
import type { SubmitContext, SubmitResult, Submitter } from './submitter.js';

const compress = promisify(gzip);

/** Options of {@link HttpSubmitter}. */
export interface HttpSubmitterOptions {
  /** Where reports are posted. A user and password in it are sent as Basic authorization. */
  url: string | URL;
  /** Sent with every request. Credentials among them never appear in an error or a log. */
  headers?: Record<string, string>;
  /** How long a request may take until the whole answer is there, in ms. Default 30,000. */
  timeoutMs?: number;
  /** Compress request bodies. Default false: the server must understand `Content-Encoding: gzip`. */
  gzip?: boolean;
  /** Asked with GET to see whether the server is back; any status below 400 means yes. Default: HEAD of `url`, any answer. */
  probeUrl?: string | URL;
  /** Time and timers. Default: the machine's. */
  clock?: Clock;
}

/**
 * Posts each report as JSON with an `Idempotency-Key` header, an `X-Correlation-Id` that finds it in our log, and an
 * `X-Attempt-Id` that is new with each attempt. One that takes the place of an earlier report has the idempotency key of
 * that in `X-Supersedes`.
 *
 * A status of 200 to 299 accepts the report; the guide `offline.md` lists what every other answer means.
 * Redirects are not followed: a POST would become a GET, and its 200 would accept nothing.
 */
export class HttpSubmitter implements Submitter {
  readonly #url: URL;
  readonly #probeUrl: URL | undefined;
  readonly #headers: Headers;
  readonly #timeoutMs: number;
  readonly #gzip: boolean;
  readonly #clock: Clock;
  readonly #redactor: Redactor;
  #clockSkewMs: number | undefined;

  constructor(options: HttpSubmitterOptions) {
    const given = parseUrl(options.url, 'url');
    this.#headers = new Headers(options.headers);
    if (given.username && !this.#headers.has('authorization')) {
      const pair = `${decodeURIComponent(given.username)}:${decodeURIComponent(given.password)}`;
      this.#headers.set('authorization', `Basic ${Buffer.from(pair).toString('base64')}`);
    }
    this.#redactor = new Redactor(this.#headers, given);
    this.#url = withoutUser(given);
    this.#probeUrl = options.probeUrl === undefined ? undefined : withoutUser(parseUrl(options.probeUrl, 'probeUrl'));
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    if (!(this.#timeoutMs > 0)) {
      throw new ConfigError([{ path: 'timeoutMs', message: 'must be a number of ms above 0' }]);
    }
    this.#gzip = options.gzip ?? false;
    this.#clock = options.clock ?? systemClock;
  }

  get clockSkewMs(): number | undefined {
    return this.#clockSkewMs;
  }

  hideSecrets(text: string): string {
    return this.#redactor.hide(text);
  }

  async submit(report: unknown, context: SubmitContext): Promise<SubmitResult> {
    const { idempotencyKey, correlationId, attemptId, supersedes, signal } = context;
    const headers = new Headers(this.#headers);
    headers.set('idempotency-key', idempotencyKey);
    if (correlationId !== undefined) headers.set('x-correlation-id', correlationId);
    if (attemptId !== undefined) headers.set('x-attempt-id', attemptId);
    if (supersedes !== undefined) headers.set('x-supersedes', supersedes);
    headers.set('content-type', 'application/json');
    if (!headers.has('accept')) headers.set('accept', 'application/json');
    let body: string | Uint8Array<ArrayBuffer> = JSON.stringify(report);
    if (this.#gzip) {
      body = new Uint8Array(await compress(body));
      headers.set('content-encoding', 'gzip');
    }
    const answer = await this.#request('POST', this.#url, headers, signal, body);
    if (answer.status < 200 || answer.status > 299) throw this.#refusal(answer, 'POST', this.#url);
    const response = parseBody(answer.text);
    const id = reportId(response);
    return { ...(id === undefined ? {} : { id }), ...(response === undefined ? {} : { response }) };
  }

  async probe(signal: AbortSignal): Promise<void> {
    if (!this.#probeUrl) {
      await this.#request('HEAD', this.#url, this.#headers, signal);
      return;
    }
    const answer = await this.#request('GET', this.#probeUrl, this.#headers, signal);
    if (answer.status < 400) return;
    const error = this.#refusal(answer, 'GET', this.#probeUrl);
    // There is no report that a probe could refuse: the server is not what was expected, which may pass.
    throw error.permanent ? new SubmitError(error.message, { kind: 'transient', status: answer.status }) : error;
  }

  async #request(
    method: 'POST' | 'GET' | 'HEAD',
    url: URL,
    headers: Headers,
    signal: AbortSignal,
    body?: string | Uint8Array<ArrayBuffer>,
  ): Promise<HttpAnswer> {
    const sentAt = this.#clock.now();
    const answer = await request({
      method,
      url,
      headers,
      ...(body === undefined ? {} : { body }),
      timeoutMs: this.#timeoutMs,
      signal,
      redactor: this.#redactor,
      clock: this.#clock,
    });
    this.#clockSkewMs = clockSkew(answer.headers, sentAt, this.#clock.now()) ?? this.#clockSkewMs;
    return answer;
  }

  #refusal({ status, headers, text }: HttpAnswer, method: string, url: URL): SubmitError {
    const words = serverWords(parseBody(text));
    return errorFromStatus(
      status,
      `${method} ${withoutSecrets(url)}`,
      words === undefined ? undefined : this.#redactor.hide(words),
      parseRetryAfter(headers.get('retry-after'), this.#clock.now()),
    );
  }
}

function parseUrl(url: string | URL, path: string): URL {
  const parsed = URL.canParse(String(url)) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
    throw new ConfigError([{ path, message: 'must be an http or https address' }]);
  }
  return parsed;
}

/** `fetch` takes no credentials in the address. */
function withoutUser(given: URL): URL {
  const url = new URL(given);
  url.username = '';
  url.password = '';
  return url;
}

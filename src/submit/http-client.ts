/**
 * One HTTP request with a deadline that covers the answer's body, and an answer that is never larger than is sensible.
 * Everything that ky does by itself (retries, timeouts, throwing on a status) is off: the queue decides those.
 */
import ky from 'ky';
import { type Clock, systemClock } from '../clock.js';
import { SubmitError } from '../errors.js';
import { errorFromNetwork } from './http-errors.js';
import { type Redactor, withoutSecrets } from './redact.js';

/** The largest part of an answer's body that is read, in bytes. */
const MAX_ANSWER_BYTES = 65_536;

export interface HttpRequest {
  method: 'POST' | 'GET' | 'HEAD';
  url: URL;
  headers: Headers;
  body?: string | Uint8Array<ArrayBuffer>;
  timeoutMs: number;
  signal: AbortSignal;
  redactor: Redactor;
  clock?: Clock;
}

export interface HttpAnswer {
  status: number;
  headers: Headers;
  /** The body as text, cut at 64 KiB. */
  text: string;
}

/**
 * Sends the request and reads the answer.
 * @throws {SubmitError} when there is no whole answer in time; the reason of `signal` when that aborts.
 */
export async function request(options: HttpRequest): Promise<HttpAnswer> {
  const { method, url, headers, body, timeoutMs, signal, redactor, clock = systemClock } = options;
  const what = `${method} ${withoutSecrets(url)}`;
  signal.throwIfAborted();
  const abort = new AbortController();
  const forward = () => abort.abort(signal.reason);
  signal.addEventListener('abort', forward, { once: true });
  let late = false;
  const timer = clock.setTimeout(() => {
    late = true;
    abort.abort();
  }, timeoutMs);
  timer.unref();
  try {
    const response = await ky(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      signal: abort.signal,
      redirect: 'manual',
      retry: { limit: 0 },
      timeout: false,
      throwHttpErrors: false,
    });
    return { status: response.status, headers: response.headers, text: await readCapped(response) };
  } catch (error) {
    if (late) throw new SubmitError(`${what} had no whole answer within ${timeoutMs} ms`, { kind: 'transient' });
    signal.throwIfAborted();
    throw errorFromNetwork(error, what, text => redactor.hide(text));
  } finally {
    clock.clearTimeout(timer);
    signal.removeEventListener('abort', forward);
  }
}

async function readCapped(response: Response): Promise<string> {
  if (!response.body) return '';
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size < MAX_ANSWER_BYTES) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks).toString('utf8');
    chunks.push(value);
    size += value.byteLength;
  }
  await reader.cancel();
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString('utf8');
}

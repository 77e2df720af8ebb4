/** What an HTTP status or a broken connection means for a report: the table of the guide `offline.md`. */
import { SubmitError, type SubmitErrorKind, toError } from '../errors.js';

/** The error for an answer that is no acceptance. */
export function errorFromStatus(
  status: number,
  what: string,
  serverMessage: string | undefined,
  retryAfterMs: number | undefined,
): SubmitError {
  const words = serverMessage ? `: ${serverMessage}` : '';
  const redirect = status >= 300 && status < 400 ? ' (a redirect; give the address that it leads to)' : '';
  return new SubmitError(`${what} answered ${status}${redirect}${words}`, {
    kind: kindOfStatus(status),
    status,
    ...(serverMessage ? { serverMessage } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** What a status outside 200 to 299 means. */
function kindOfStatus(status: number): SubmitErrorKind {
  if (status === 401 || status === 403 || status === 407) return 'unauthorized';
  // Following a redirect would turn the POST into a GET, whose 200 accepts nothing: the address is wrong, not the report.
  if (status >= 300 && status < 400) return 'unauthorized';
  if (status === 408 || status === 425 || status === 429) return 'transient';
  return status >= 400 && status < 500 ? 'permanent' : 'transient';
}

const TLS_CODE = /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|EPROTO$)/;

/** The error for a request without an answer. `hide` takes secrets out of the system's own words. */
export function errorFromNetwork(thrown: unknown, what: string, hide: (text: string) => string): SubmitError {
  const chain = causes(thrown);
  const code = chain.map(error => (error as { code?: unknown }).code).find(found => typeof found === 'string');
  const tls = chain.find(error => TLS_CODE.test(String((error as { code?: unknown }).code)));
  const innermost = chain.at(-1) ?? toError(thrown);
  const words = hide(`${code && !innermost.message.includes(code) ? `${code}, ` : ''}${innermost.message}`);
  return new SubmitError(`${what} failed${tls ? ' (TLS)' : ''}: ${words}`, {
    kind: tls ? 'unauthorized' : 'transient',
    // Not the HTTP client's own error: it holds the request, and with it the headers.
    ...(chain.length > 1 ? { cause: innermost } : {}),
  });
}

function causes(thrown: unknown): Error[] {
  const chain: Error[] = [];
  let next: unknown = thrown;
  while (next instanceof Error && chain.length < 10) {
    chain.push(next);
    next = next instanceof AggregateError ? next.errors[0] : next.cause;
  }
  return chain;
}

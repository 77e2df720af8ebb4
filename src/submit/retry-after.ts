/** Reading the `Retry-After` header in both of its forms (RFC 9110, section 10.2.3). */

/** The longest wait that a server can ask for, in ms: an hour. A wrong header must not silence a station for weeks. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** How long to wait, in ms, between 0 and {@link MAX_RETRY_AFTER_MS}; `undefined` when there is no header that makes sense. */
export function parseRetryAfter(header: string | null | undefined, now: number): number | undefined {
  const text = header?.trim();
  if (!text) return undefined;
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : parseHttpDate(text) - now;
  if (Number.isNaN(waitMs)) return undefined;
  return Math.min(Math.max(waitMs, 0), MAX_RETRY_AFTER_MS);
}

/** The dates of HTTP start with a day's name; `Date.parse` alone would also take `1.5` or `-3` for a date. */
function parseHttpDate(text: string): number {
  return /^(mon|tue|wed|thu|fri|sat|sun)/i.test(text) ? Date.parse(text) : Number.NaN;
}

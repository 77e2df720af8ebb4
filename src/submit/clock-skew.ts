/** How far the station's clock is from the server's, by the `Date` header of its answers: wrong clocks date reports wrongly. */

/** The resolution of the header, in ms. */
const RESOLUTION_MS = 1_000;

/**
 * How far our clock is ahead, in ms, negative when it is behind: the least that the facts allow, so that a slow answer
 * or the header's whole seconds are not taken for a wrong clock.
 * @param sentAt When the request went out, and `answeredAt` when the answer was there, in epoch ms by our clock.
 */
export function clockSkew(headers: Headers, sentAt: number, answeredAt: number): number | undefined {
  // A cache answers with the time of another day.
  if (headers.has('age')) return undefined;
  const date = Date.parse(headers.get('date') ?? '');
  if (Number.isNaN(date)) return undefined;
  const atLeast = sentAt - (date + RESOLUTION_MS);
  const atMost = answeredAt - date;
  if (atLeast > 0) return atLeast;
  return atMost < 0 ? atMost : 0;
}

/** Times of a report: local with its offset, as testers and servers show it, and UTC beside it. */
import { FileFormatError } from '../errors.js';

const OFFSET = /(?:Z|[+-]\d\d:\d\d)$/;
const FRACTION = /\.\d+/;

/**
 * A time as reports write it. A `Date`, and text without an offset such as `2026-01-30T22:01:41`, get the offset
 * of this machine's time zone; text with an offset stays as it is.
 * @throws FileFormatError when it is no time.
 */
export function localTime(time: Date | string): string {
  const date = toDate(time);
  if (typeof time === 'string' && OFFSET.test(time)) return time;
  const minutes = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + minutes * 60_000).toISOString().slice(0, -1);
  const offset = Math.abs(minutes);
  return `${local}${minutes < 0 ? '-' : '+'}${twoDigits(Math.floor(offset / 60))}:${twoDigits(offset % 60)}`;
}

/** The same time in UTC, with the digits that text has beyond the millisecond. */
export function utcTime(time: Date | string): string {
  const utc = toDate(time).toISOString();
  const fraction = typeof time === 'string' ? FRACTION.exec(time)?.[0] : undefined;
  return fraction ? utc.replace(FRACTION, fraction) : utc;
}

function toDate(time: Date | string): Date {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) throw new FileFormatError(`'${String(time)}' is no time`);
  return date;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}

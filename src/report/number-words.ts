/** Numbers that JSON has no literal for: WSJF writes them as words. */

const WORD = /^(?:nan|([+-]?)inf(?:inity)?)$/i;

/** A number of a report: a finite one, or one of the words `NaN`, `Inf` and `-Inf` (upper or lower case). */
export type WsjfNumber = number | string;

/** The number that is meant, or `undefined` when it is neither a number nor one of the words. */
export function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  const match = typeof value === 'string' ? WORD.exec(value) : null;
  if (!match) return undefined;
  if (match[1] === undefined) return Number.NaN;
  return match[1] === '-' ? -Infinity : Infinity;
}

/** The number as WSJF writes it. */
export function fromNumber(value: number): WsjfNumber {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return value;
  return value > 0 ? 'Inf' : '-Inf';
}

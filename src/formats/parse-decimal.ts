/** Numbers as testers write them, for converters that read their files themselves. */
import { FileFormatError } from '../errors.js';
import { toNumber } from '../report/number-words.js';
import { findNumber, type Notation, readNumber } from './mapping/cell.js';
import type { Place } from './place.js';

/** How {@link parseDecimal} reads. */
export interface DecimalOptions extends Pick<Notation, 'decimal'> {
  /** Where the text stands, for the error. Default: the error names no place. */
  place?: Place;
}

/** Longer texts are cut in messages. */
const SHOWN = 60;

/**
 * The number that a text means: `'3,31'` with `decimal: ','` is 3.31. White space around it does not matter, and an
 * exponent may follow. `NaN`, `Inf` and what C libraries write for them (`-nan(ind)`, `1.#INF`) are such numbers, too.
 * A mark that groups thousands is refused, and so is `.` where `,` is the decimal mark: `1.234` would be read wrongly.
 *
 * ```ts
 * parseDecimal('3,31', { decimal: ',' }) // 3.31
 * ```
 *
 * @throws FileFormatError when it is no number, with what was expected.
 */
export function parseDecimal(text: string, { decimal = '.', place }: DecimalOptions = {}): number {
  const trimmed = text.trim();
  const number = place ? readNumber({ text: trimmed, place }, { decimal }) : findNumber({ text: trimmed }, { decimal });
  if (number !== undefined) return toNumber(number) as number;
  const expected = `a number such as ${decimal === ',' ? '3,31' : '3.31'}`;
  const found = trimmed === '' ? 'empty' : `'${trimmed.slice(0, SHOWN)}'`;
  throw new FileFormatError(`Expected ${expected}, and it is ${found}`, { expected });
}

/** A text of a file, and what it means: every reading either gives the value or says where it is wrong. */
import { findOperator, NUMERIC_OPERATORS, STRING_OPERATORS } from '../../report/comp-op.js';
import { fromNumber, toNumber, type WsjfNumber } from '../../report/number-words.js';
import { parseStatus, type StepStatus } from '../../report/status.js';
import { type Place, unexpected } from '../place.js';

/** How texts are to be understood. */
export interface Notation {
  /** The decimal mark of numbers. Default `.`. */
  decimal?: '.' | ',';
  /** Words for a status beside those that are known (passed, ok, NG, …), such as `{ '1': 'P', '0': 'F' }`. */
  statuses?: Readonly<Record<string, StepStatus>>;
  /** Reads times. Default: ISO 8601, with or without an offset, with `T` or a blank. */
  time?: (text: string) => Date | string;
}

/** A text and where it stands. White space around it is gone. */
export interface Cell {
  readonly text: string;
  readonly place: Place;
}

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const NOT_A_NUMBER = /^[+-]?(?:nan(?:\(\w*\))?|1\.#(?:IND|QNAN|SNAN)0*)$/i;
const INFINITE = /^([+-]?)1\.#INF0*$/i;
const TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?$/;
/** Maps, as a cell may hold any word, also one that objects know. */
const SYMBOLS = new Map([
  ['=', 'EQ'],
  ['==', 'EQ'],
  ['!=', 'NE'],
  ['<>', 'NE'],
  ['>', 'GT'],
  ['>=', 'GE'],
  ['<', 'LT'],
  ['<=', 'LE'],
]);
const BOOLEANS = new Map<string, StepStatus>([
  ['true', 'P'],
  ['false', 'F'],
]);

/** The number that a cell holds, or `undefined` where it holds none. */
export function findNumber({ text }: Pick<Cell, 'text'>, { decimal = '.' }: Notation): WsjfNumber | undefined {
  const word = toNumber(text) ?? wordOfC(text);
  if (word !== undefined) return fromNumber(word);
  if (decimal === ',' && text.includes('.')) return undefined;
  const point = decimal === ',' ? text.replace(',', '.') : text;
  // A number too big to be one is infinite.
  return NUMBER.test(point) ? fromNumber(Number(point)) : undefined;
}

/** What C libraries write for what is no number: `-nan`, `nan(ind)`, `1.#QNAN`, `-1.#INF`. */
function wordOfC(text: string): number | undefined {
  if (NOT_A_NUMBER.test(text)) return Number.NaN;
  const infinite = INFINITE.exec(text);
  if (!infinite) return undefined;
  return infinite[1] === '-' ? -Infinity : Infinity;
}

/** @throws FileFormatError when it is no number. */
export function readNumber(cell: Cell, notation: Notation): WsjfNumber {
  const number = findNumber(cell, notation);
  if (number !== undefined) return number;
  const other = notation.decimal === ',' ? '.' : ',';
  const isOther = findNumber(cell, { decimal: other }) !== undefined;
  const example = notation.decimal === ',' ? '3,31' : '3.31';
  throw unexpected(cell.place, `a number such as ${example}${isOther ? ` (see decimal: '${other}')` : ''}`, cell.text);
}

/** @throws FileFormatError when it is no number, or one that is not finite. */
export function readFinite(cell: Cell, notation: Notation): number {
  const number = readNumber(cell, notation);
  if (typeof number === 'number') return number;
  throw unexpected(cell.place, 'a finite number', cell.text);
}

/** @throws FileFormatError when it is no whole number. */
export function readInteger(cell: Cell): number {
  const number = /^[+-]?\d+$/.test(cell.text) ? Number(cell.text) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw unexpected(cell.place, 'a whole number', cell.text);
}

/** @throws FileFormatError when it is no word for a status. */
export function readStatus(cell: Cell, { statuses = {} }: Notation): StepStatus {
  const own = Object.hasOwn(statuses, cell.text) ? statuses[cell.text] : BOOLEANS.get(cell.text.toLowerCase());
  if (own) return own;
  try {
    return parseStatus(cell.text);
  } catch (cause) {
    throw unexpected(cell.place, 'a status such as passed, failed, skipped, done, error', cell.text, cause);
  }
}

/** @throws FileFormatError when it is no time. */
export function readTime(cell: Cell, { time }: Notation): Date | string {
  if (time) return time(cell.text);
  const iso = cell.text.replace(' ', 'T');
  if (TIME.test(cell.text) && !Number.isNaN(Date.parse(iso))) return iso;
  throw unexpected(cell.place, 'a time such as 2026-01-30T22:01:41+01:00 or 2026-01-30 22:01:41', cell.text);
}

/** The name of an operator, for which a symbol such as `>=` may stand. @throws FileFormatError when it is none. */
export function readOperator(cell: Cell): string {
  const word = SYMBOLS.get(cell.text) ?? cell.text;
  const known = findOperator([...NUMERIC_OPERATORS, ...STRING_OPERATORS], word);
  if (known) return known;
  throw unexpected(cell.place, `an operator such as ${NUMERIC_OPERATORS.slice(0, 10).join(', ')}`, cell.text);
}

/** What a file holds of a step, before it is understood. */
import type { WsjfNumber } from '../../report/number-words.js';
import type { Place } from '../place.js';
import type { Cell, Notation } from './cell.js';

/**
 * What a step measures. `auto`: a number, or text where the value is none; without a value, pass or fail where there
 * is a status, else something that was done.
 */
export type StepKind = 'auto' | 'numeric' | 'string' | 'passFail' | 'action';

/**
 * A field of a step. `limit` is that of a text. Without `compOp` the limits decide: both `GELE`, one `GE` or `LE`, none
 * `LOG`. `totTime` is in seconds.
 */
export type StepField =
  | 'name'
  | 'value'
  | 'unit'
  | 'lowLimit'
  | 'highLimit'
  | 'limit'
  | 'compOp'
  | 'status'
  | 'group'
  | 'totTime'
  | 'reportText'
  | 'errorCode'
  | 'errorMessage'
  | 'start';

export const STEP_FIELDS: readonly StepField[] = [
  'name',
  'value',
  'unit',
  'lowLimit',
  'highLimit',
  'limit',
  'compOp',
  'status',
  'group',
  'totTime',
  'reportText',
  'errorCode',
  'errorMessage',
  'start',
];

/** Where the fields of a step are in a file: a column of a table, or a path in XML. */
export type StepFields = Readonly<Partial<Record<StepField, string>>>;

/** What is the same in all steps. The file wins where it holds one of these. */
export interface StepConstants {
  readonly name?: string;
  readonly unit?: string;
  readonly lowLimit?: WsjfNumber;
  readonly highLimit?: WsjfNumber;
  /** The limit of a text. */
  readonly limit?: string;
  readonly compOp?: string;
  readonly group?: 'S' | 'M' | 'C';
}

/** A step to be added. */
export interface StepRequest {
  kind?: StepKind | undefined;
  /** What the file holds; empty cells are left out. */
  cells: Partial<Record<StepField, Cell>>;
  constants?: StepConstants | undefined;
  notation: Notation;
  /** Where the step is in the file. */
  place: Place;
}

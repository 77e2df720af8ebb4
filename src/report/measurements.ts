/** Measurements with their status: evaluated, or taken as given. */
import { FileFormatError } from '../errors.js';
import type { NumericOperator, StringOperator } from './comp-op.js';
import { evaluateLimit } from './evaluate-limit.js';
import { evaluateString } from './evaluate-string.js';
import { fromNumber, toNumber, type WsjfNumber } from './number-words.js';
import { parseStatus, type StepStatus } from './status.js';
import type { WsjfBooleanMeasurement, WsjfNumericMeasurement, WsjfStringMeasurement } from './wsjf-step.js';

/**
 * Who says whether a measurement passes. `active`: its limits do, unless a status is given, and a failure makes
 * all that is around it fail. `import`: the tester has said so, every status is given, and none is computed.
 */
export type ReportMode = 'active' | 'import';

/** A measured number. */
export interface NumericMeasurement {
  /** A number, also `NaN` or an infinite one. */
  value: WsjfNumber;
  unit?: string;
  /** Default `LOG`, which always passes. See {@link evaluateLimit} for the others and the limits that they need. */
  compOp?: NumericOperator;
  lowLimit?: WsjfNumber | null;
  highLimit?: WsjfNumber | null;
  /** A status word, such as `Passed` or `F`. Needed in import mode and with `EQT`. */
  status?: string;
}

/** A measured text. */
export interface StringMeasurement {
  value: string;
  /** Default `LOG`, which always passes. */
  compOp?: StringOperator;
  limit?: string | null;
  /** A status word. Needed in import mode. */
  status?: string;
}

/** Something that passes or fails. */
export interface PassFailMeasurement {
  /** True when it passes, or a status word. */
  status: boolean | string;
}

export function numericMeasurement(
  mode: ReportMode,
  name: string | null,
  { value, unit, compOp = 'LOG', lowLimit, highLimit, status }: NumericMeasurement,
): WsjfNumericMeasurement {
  return {
    compOp,
    name,
    status: decide(mode, status, () => evaluateLimit(compOp, value, lowLimit, highLimit)),
    ...(unit === undefined ? {} : { unit }),
    value: written(value),
    ...(isGiven(lowLimit) ? { lowLimit: written(lowLimit) } : {}),
    ...(isGiven(highLimit) ? { highLimit: written(highLimit) } : {}),
  };
}

export function stringMeasurement(
  mode: ReportMode,
  name: string | null,
  { value, compOp = 'LOG', limit, status }: StringMeasurement,
): WsjfStringMeasurement {
  return {
    compOp,
    name,
    status: decide(mode, status, () => evaluateString(compOp, value, limit)),
    value,
    ...(isGiven(limit) ? { limit } : {}),
  };
}

export function booleanMeasurement(name: string | null, { status }: PassFailMeasurement): WsjfBooleanMeasurement {
  return { name, status: typeof status === 'string' ? parseStatus(status) : passed(status) };
}

function decide(mode: ReportMode, status: string | undefined, evaluate: () => boolean): StepStatus {
  if (status !== undefined) return parseStatus(status);
  if (mode === 'active') return passed(evaluate());
  throw new FileFormatError('A measurement has no status, and in import mode none is computed');
}

function passed(holds: boolean): StepStatus {
  return holds ? 'P' : 'F';
}

/** What is neither a number nor a word for one stays, for the validation of the report to name it. */
function written(value: WsjfNumber): WsjfNumber {
  const number = toNumber(value);
  return number === undefined ? value : fromNumber(number);
}

function isGiven<T>(value: T): value is NonNullable<T> {
  return value !== undefined && value !== null;
}

/** What a result of TestStand measured. */
import type { WsjfNumber } from '../../report/number-words.js';
import type { StepStatus } from '../../report/status.js';
import type { WsjfNumericMeasurement, WsjfStep } from '../../report/wsjf-step.js';
import { defined } from '../defined.js';
import { type Notation, readOperator, readStatus } from '../mapping/cell.js';
import { unexpected } from '../place.js';
import { booleanIn, cellAt, numberIn, type Property, propertyAt, textAt } from './property.js';

/** The fields of the step with its measurements. @throws FileFormatError with line and column when one is none. */
export function measured(
  result: Property,
  status: StepStatus,
  notation: Notation,
): Pick<WsjfStep, 'numericMeas' | 'booleanMeas' | 'stringMeas'> {
  const several = propertyAt(result, 'Measurement')?.elements ?? [];
  if (several.length > 0) return { numericMeas: several.map(one => toNumericOfSeveral(one, status, notation)) };
  if (cellAt(result, 'Numeric')) return { numericMeas: [toNumeric(result, 'Numeric', status)] };
  const passes = booleanIn(result, 'PassFail');
  if (passes !== undefined) return { booleanMeas: [{ status: passes ? 'P' : 'F' }] };
  const text = propertyAt(result, 'String');
  if (!text) return {};
  const limit = propertyAt(result, 'Limits.String')?.text;
  const compOp = textOperator(result) ?? (limit === undefined ? 'LOG' : 'EQ');
  return { stringMeas: [{ compOp, status, value: text.text, ...defined({ limit }) }] };
}

function toNumericOfSeveral(one: Property, ofStep: StepStatus, notation: Notation): WsjfNumericMeasurement {
  if (one.name === '') throw unexpected(one.place, 'a measurement with a name');
  const own = cellAt(one, 'Status');
  return { name: one.name, ...toNumeric(one, 'Data', own ? readStatus(own, notation) : ofStep) };
}

function toNumeric(from: Property, valueAt: string, status: StepStatus): WsjfNumericMeasurement {
  const value = numberIn(from, valueAt);
  if (value === undefined) throw unexpected(from.place, `a number at ${valueAt}`);
  const operator = cellAt(from, 'Comp');
  const compOp = operator ? readOperator(operator) : 'LOG';
  const { low, high } = compOp === 'EQT' ? toleranceOf(from) : limitsOf(from);
  // With a single limit it is the low one in a report, also for LT and LE.
  const lowLimit = low ?? (compOp === 'LT' || compOp === 'LE' ? high : undefined);
  const highLimit = low === undefined && lowLimit !== undefined ? undefined : high;
  return { compOp, status, ...defined({ unit: textAt(from, 'Units') }), value, ...defined({ lowLimit, highLimit }) };
}

interface Limits {
  low: WsjfNumber | undefined;
  high: WsjfNumber | undefined;
}

function limitsOf(from: Property): Limits {
  return { low: numberIn(from, 'Limits.Low'), high: numberIn(from, 'Limits.High') };
}

/** `EQT` has a nominal value and how far from it the value may be: in parts of it, or as a difference. */
function toleranceOf(from: Property): Limits {
  const [nominal, below, above] = ['Nominal', 'Low', 'High'].map(name => numberIn(from, `RawLimits.${name}`));
  const kind = textAt(from, 'Limits.ThresholdType')?.toLowerCase();
  const parts = kind === 'percentage' ? 100 : kind === 'ppm' ? 1_000_000 : undefined;
  if (typeof nominal !== 'number' || (parts === undefined && kind !== 'delta')) return limitsOf(from);
  const distance = (threshold: number) => (parts === undefined ? threshold : (Math.abs(nominal) * threshold) / parts);
  return {
    low: typeof below === 'number' ? nominal - distance(below) : nominal,
    high: typeof above === 'number' ? nominal + distance(above) : undefined,
  };
}

/** Operators of texts. TestStand writes `CaseSensitive`, of which reports keep ten letters. */
function textOperator(result: Property): string | undefined {
  const cell = cellAt(result, 'Comp');
  if (!cell) return undefined;
  return /^casesensit/i.test(cell.text) ? 'CASESENSIT' : readOperator(cell);
}

/** Whether a measured number is within its limits. */
import { FileFormatError } from '../errors.js';
import { findOperator, limitsOf, NUMERIC_OPERATORS, type NumericOperator } from './comp-op.js';
import { toNumber, type WsjfNumber } from './number-words.js';

type Comparison = (value: number, low: number, high: number) => boolean;

const COMPARISONS: Record<Exclude<NumericOperator, 'EQT'>, Comparison> = {
  LOG: () => true,
  EQ: (value, low) => value === low,
  NE: (value, low) => value !== low,
  GT: (value, low) => value > low,
  GE: (value, low) => value >= low,
  LT: (value, low) => value < low,
  LE: (value, low) => value <= low,
  GTLT: (value, low, high) => value > low && value < high,
  GELE: (value, low, high) => value >= low && value <= high,
  GELT: (value, low, high) => value >= low && value < high,
  GTLE: (value, low, high) => value > low && value <= high,
  LTGT: (value, low, high) => value < low || value > high,
  LEGE: (value, low, high) => value <= low || value >= high,
  LTGE: (value, low, high) => value < low || value >= high,
  LEGT: (value, low, high) => value <= low || value > high,
};

/**
 * Whether a measurement passes.
 *
 * Numbers compare exactly, without a tolerance; `NaN` passes only `LOG` and `NE`.
 * @param compOp One of {@link NUMERIC_OPERATORS}, in any case of letters.
 * @param value The measured value: a number, or the words `NaN`, `Inf`, `-Inf`.
 * @param lowLimit The only limit of `EQ NE GT GE LT LE`, the lower one of those with two.
 * @param highLimit The upper limit of the operators with two.
 * @throws FileFormatError when the operator is unknown, a limit that it needs is missing, something is no number,
 * or the operator is `EQT`: its tolerance is not part of a report, so that only who measured can say whether it
 * passes.
 */
export function evaluateLimit(
  compOp: string,
  value: WsjfNumber,
  lowLimit?: WsjfNumber | null,
  highLimit?: WsjfNumber | null,
): boolean {
  const operator = findOperator(NUMERIC_OPERATORS, compOp);
  if (!operator) throw new FileFormatError(`'${compOp}' is no operator: expected ${NUMERIC_OPERATORS.join(', ')}`);
  if (operator === 'EQT')
    throw new FileFormatError('EQT compares with a tolerance that a report does not hold: give the status');
  const limits = limitsOf(operator);
  return COMPARISONS[operator](
    numberOf('value', value, operator),
    limits > 0 ? numberOf('lowLimit', lowLimit, operator) : 0,
    limits > 1 ? numberOf('highLimit', highLimit, operator) : 0,
  );
}

function numberOf(name: string, value: WsjfNumber | null | undefined, operator: NumericOperator): number {
  const number = toNumber(value);
  if (number === undefined) {
    throw new FileFormatError(`${operator} needs a number as ${name}, and it is ${JSON.stringify(value) ?? 'missing'}`);
  }
  return number;
}

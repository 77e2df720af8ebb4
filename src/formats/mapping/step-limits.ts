/** The limits of a step: from the file, from the options, and the operator that they imply. */
import { limitsOf as countLimits, type NumericOperator, type StringOperator } from '../../report/comp-op.js';
import type { WsjfNumber } from '../../report/number-words.js';
import { unexpected } from '../place.js';
import { readNumber, readOperator } from './cell.js';
import type { StepRequest } from './step-request.js';

/** Unit, operator and limits of a number. */
export function limitsOf(request: StepRequest): {
  unit?: string;
  compOp: NumericOperator;
  lowLimit?: WsjfNumber;
  highLimit?: WsjfNumber;
} {
  const { constants = {}, notation } = request;
  const cells = request.cells;
  const unit = cells.unit?.text ?? constants.unit;
  const low = cells.lowLimit ? readNumber(cells.lowLimit, notation) : constants.lowLimit;
  const high = cells.highLimit ? readNumber(cells.highLimit, notation) : constants.highLimit;
  const compOp = (operatorOf(request) ?? operatorFor(low, high)) as NumericOperator;
  // With a single limit it is the low one in a report, also for LT and LE.
  const isUpper = compOp === 'LT' || compOp === 'LE';
  const [lowLimit, highLimit] = isUpper ? [high ?? low, undefined] : [low, high];
  const needed = countLimits(compOp);
  if (needed > 0 && lowLimit === undefined) throw unexpected(request.place, `a limit for ${compOp}`);
  if (needed > 1 && highLimit === undefined) throw unexpected(request.place, `two limits for ${compOp}`);
  return {
    ...(unit === undefined ? {} : { unit }),
    compOp,
    ...(lowLimit === undefined ? {} : { lowLimit }),
    ...(highLimit === undefined ? {} : { highLimit }),
  };
}

/** Operator and limit of a text. */
export function textLimitOf(request: StepRequest): { compOp: StringOperator; limit?: string } {
  const limit = request.cells.limit?.text ?? request.constants?.limit;
  const compOp = (operatorOf(request) ?? (limit === undefined ? 'LOG' : 'EQ')) as StringOperator;
  return { compOp, ...(limit === undefined ? {} : { limit }) };
}

function operatorOf(request: StepRequest): string | undefined {
  const { compOp } = request.cells;
  return compOp ? readOperator(compOp) : request.constants?.compOp;
}

function operatorFor(low: WsjfNumber | undefined, high: WsjfNumber | undefined): NumericOperator {
  if (low === undefined) return high === undefined ? 'LOG' : 'LE';
  return high === undefined ? 'GE' : 'GELE';
}

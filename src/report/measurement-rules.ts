/** What a measurement and a chart must hold. */
import { findOperator, limitsOf, NUMERIC_OPERATORS, STRING_OPERATORS } from './comp-op.js';
import { toNumber } from './number-words.js';
import {
  all,
  anyText,
  at,
  isRecord,
  isThere,
  listOf,
  must,
  numberOrWord,
  oneOf,
  type Rule,
  record,
  text,
} from './rules.js';
import { STEP_STATUSES } from './status.js';

const status = oneOf(STEP_STATUSES);

const operator = (operators: readonly string[]): Rule =>
  must(`one of ${operators.join(', ')}`, word => findOperator(operators, word) !== undefined);

const hasItsLimits: Rule = (value, path, problems) => {
  const compOp = isRecord(value) ? findOperator(NUMERIC_OPERATORS, value.compOp) : undefined;
  if (!isRecord(value) || !compOp) return;
  for (const name of ['lowLimit', 'highLimit'].slice(0, limitsOf(compOp))) {
    if (!isThere(value[name])) problems.push({ path: at(path, name), message: `is required with ${compOp}` });
  }
};

const hasItsText: Rule = (value, path, problems) => {
  const compOp = isRecord(value) ? findOperator(STRING_OPERATORS, value.compOp) : undefined;
  if (!isRecord(value) || !compOp || compOp === 'LOG' || isThere(value.limit)) return;
  problems.push({ path: at(path, 'limit'), message: `is required with ${compOp}` });
};

/** Several measurements of a step are told apart by their names. */
const named: Rule = (value, path, problems) => {
  if (!Array.isArray(value) || value.length < 2) return;
  value.forEach((measurement, index) => {
    if (isRecord(measurement) && !measurement.name) {
      problems.push({ path: `${path}[${index}].name`, message: 'is required where a step has several measurements' });
    }
  });
};

export const numericMeasurements = all(
  listOf(
    all(
      record(
        { value: numberOrWord, compOp: operator(NUMERIC_OPERATORS), status },
        { name: anyText, unit: anyText, lowLimit: numberOrWord, highLimit: numberOrWord },
      ),
      hasItsLimits,
    ),
  ),
  named,
);

export const booleanMeasurements = all(listOf(record({ status }, { name: anyText })), named);

export const stringMeasurements = all(
  listOf(
    all(
      record({ value: anyText, compOp: operator(STRING_OPERATORS), status }, { name: anyText, limit: anyText }),
      hasItsText,
    ),
  ),
  named,
);

const joinedNumbers = must(
  'numbers joined with ; and with a decimal point',
  value => typeof value === 'string' && (value === '' || value.split(';').every(isNumeral)),
);

export const chart = record(
  {
    chartType: oneOf(['Line', 'LineLogXY', 'LineLogX', 'LineLogY']),
    label: text(100, 1),
    series: listOf(record({ name: anyText, dataType: anyText }, { xdata: joinedNumbers, ydata: joinedNumbers })),
  },
  { xLabel: anyText, xUnit: anyText, yLabel: anyText, yUnit: anyText },
);

function isNumeral(word: string): boolean {
  return (word.trim() !== '' && !Number.isNaN(Number(word))) || toNumber(word) !== undefined;
}

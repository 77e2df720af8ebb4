/** The comparison operators of measurements: their names and the limits that each needs. */

/** Operators of numeric measurements. */
export const NUMERIC_OPERATORS = [
  'LOG',
  'EQ',
  'NE',
  'GT',
  'GE',
  'LT',
  'LE',
  'EQT',
  'GTLT',
  'GELE',
  'GELT',
  'GTLE',
  'LTGT',
  'LEGE',
  'LTGE',
  'LEGT',
] as const;

/** Operators of string measurements. `CASESENSIT` is the same as `EQ`. */
export const STRING_OPERATORS = ['LOG', 'EQ', 'NE', 'CASESENSIT', 'IGNORECASE'] as const;

/** An operator of numeric measurements. */
export type NumericOperator = (typeof NUMERIC_OPERATORS)[number];

/** An operator of string measurements. */
export type StringOperator = (typeof STRING_OPERATORS)[number];

/** How many limits a numeric operator needs: with one, it is `lowLimit`, also for `LT` and `LE`. */
export function limitsOf(operator: NumericOperator): 0 | 1 | 2 {
  if (operator === 'LOG') return 0;
  return operator.length === 4 ? 2 : 1;
}

/** The operator that a word names, in any case of letters (servers write `IgnoreCase`), or `undefined`. */
export function findOperator<T extends string>(operators: readonly T[], word: unknown): T | undefined {
  if (typeof word !== 'string') return undefined;
  const upper = word.toUpperCase();
  return operators.find(operator => operator === upper);
}

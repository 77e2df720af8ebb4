/** Whether a measured text is what it should be. */
import { FileFormatError } from '../errors.js';
import { findOperator, STRING_OPERATORS } from './comp-op.js';

/**
 * Whether a string measurement passes.
 * @param compOp One of {@link STRING_OPERATORS}, in any case of letters.
 * @param limit What `value` is compared with; not needed for `LOG`.
 * @throws FileFormatError when the operator is unknown or the limit that it needs is missing.
 */
export function evaluateString(compOp: string, value: string, limit?: string | null): boolean {
  const operator = findOperator(STRING_OPERATORS, compOp);
  if (!operator)
    throw new FileFormatError(`'${compOp}' is no operator for text: expected ${STRING_OPERATORS.join(', ')}`);
  if (operator === 'LOG') return true;
  if (typeof limit !== 'string') throw new FileFormatError(`${operator} needs a limit to compare '${value}' with`);
  if (operator === 'NE') return value !== limit;
  return operator === 'IGNORECASE' ? value.toLowerCase() === limit.toLowerCase() : value === limit;
}

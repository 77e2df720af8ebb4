/** The error for a report that is not valid. */
import { FileFormatError } from '../errors.js';
import type { WsjfProblem } from './rules.js';

/** A message names this many problems; nobody reads more. */
const NAMED_PROBLEMS = 20;

/**
 * An error that names the problems. It is a `FileFormatError`: what was converted is wrong, and trying again
 * cannot help.
 */
export function invalidReport(what: string, problems: readonly WsjfProblem[]): FileFormatError {
  const named = problems.slice(0, NAMED_PROBLEMS).map(({ path, message }) => `${path} ${message}`.trim());
  const more = problems.length - named.length;
  return new FileFormatError(`${what}: ${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`);
}

/** Checks steps one by one as they are made: a report of a hundred thousand at once would hold up the event loop. */
import { invalidReport } from '../report/invalid-report.js';
import type { WsjfProblem } from '../report/rules.js';
import { step as stepRule } from '../report/step-rules.js';
import type { WsjfStep } from '../report/wsjf-step.js';
import { located, type Place } from './place.js';

/**
 * The step, when all of it but the steps within is valid; these are checked when they are made.
 * @throws FileFormatError with its place in the file and everything that is wrong.
 */
export function validStep<T extends WsjfStep>(step: T, place: Place): T {
  const problems: WsjfProblem[] = [];
  stepRule(step.steps ? { ...step, steps: [] } : step, '', problems);
  if (problems.length === 0) return step;
  throw located(place, invalidReport(`step '${String(step.name).slice(0, 100)}' is not valid`, problems));
}

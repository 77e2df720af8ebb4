/**
 * How much a test does whose cost is a number: kills, files, mutated inputs.
 *
 * `npm test` does what proves the promise in the time that one waits for a test run. `npm run soak` (MILLRACE_SOAK) does
 * all there is. On a further Node in the same CI run (MILLRACE_QUICK) a smaller number tells whether that Node differs.
 */
const soak = process.env.MILLRACE_SOAK !== undefined;
const quick = process.env.MILLRACE_QUICK !== undefined;

/** Whether everything is tried that there is. */
export const everywhere = soak;

/** The amount for this run. */
export function amount(numbers: { quick: number; usual: number; soak: number }): number {
  if (soak) return numbers.soak;
  return quick ? numbers.quick : numbers.usual;
}

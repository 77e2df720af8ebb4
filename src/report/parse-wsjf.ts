/** Reads a WSJF report, so that it can be looked at, added to and written back. */
import { invalidReport } from './invalid-report.js';
import { UurReport } from './uur-report.js';
import { UutReport } from './uut-report.js';
import { validateWsjf } from './validate-wsjf.js';
import type { WsjfReport } from './wsjf.js';

/**
 * The report in parsed JSON. Nothing is lost: `toWsjf()` gives back every field, also those that only servers write and
 * those that the format does not know. Statuses are kept as they are.
 * @throws FileFormatError which names everything that is wrong with it; see {@link validateWsjf}.
 */
export function parseWsjf(json: unknown): UutReport | UurReport {
  const problems = validateWsjf(json);
  if (problems.length > 0) throw invalidReport('This is not a valid WSJF report', problems);
  // What was read stays the caller's own.
  const report = structuredClone(json) as WsjfReport;
  return report.type === 'T' ? new UutReport(report) : new UurReport(report);
}

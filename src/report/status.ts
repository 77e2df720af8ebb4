/** Status codes of reports and steps, the words that testers write for them, and which of two is worse. */
import { FileFormatError } from '../errors.js';

/** Status of a step or measurement: passed, failed, skipped, done, error, terminated. */
export type StepStatus = 'P' | 'F' | 'S' | 'D' | 'E' | 'T';

/** Result of a report. `D` is accepted and discouraged. */
export type ReportResult = Exclude<StepStatus, 'S'>;

export const STEP_STATUSES: readonly StepStatus[] = ['P', 'F', 'S', 'D', 'E', 'T'];
export const REPORT_RESULTS: readonly ReportResult[] = ['P', 'F', 'D', 'E', 'T'];

const WORDS: Record<StepStatus, readonly string[]> = {
  P: ['p', 'pass', 'passed', 'ok', 'success'],
  F: ['f', 'fail', 'failed', 'failure', 'ng'],
  S: ['s', 'skip', 'skipped'],
  D: ['d', 'done', 'complete', 'completed'],
  E: ['e', 'err', 'error'],
  T: ['t', 'term', 'terminated', 'abort', 'aborted'],
};
const CODES = new Map(STEP_STATUSES.flatMap(code => WORDS[code].map(word => [word, code] as const)));

/** What a status does to the sequence around it; skipped and done steps judge nothing. */
const SEVERITY: Record<StepStatus, number> = { S: 0, D: 0, P: 0, F: 1, E: 2, T: 3 };

/**
 * The code of a status word such as `Passed`, `ok`, `NG` or `Terminated`, in any case of letters.
 * @throws FileFormatError when the word is not known.
 */
export function parseStatus(word: string): StepStatus {
  const code = CODES.get(word.trim().toLowerCase());
  if (code) return code;
  throw new FileFormatError(
    `'${word}' is no status: expected one such as passed, failed, skipped, done, error, terminated`,
  );
}

/** The worst of some statuses: terminated, then error, then failed; passed where there is none of them. */
export function worstStatus(statuses: Iterable<StepStatus>): Exclude<ReportResult, 'D'> {
  let worst: StepStatus = 'P';
  for (const status of statuses) if (SEVERITY[status] > SEVERITY[worst]) worst = status;
  return worst as Exclude<ReportResult, 'D'>;
}

/** The `.error.json` beside a report that was given up: what happened, in words and in fields, and what to do. */
import { ERROR_CODES, type ErrorCode } from '../error-codes.js';
import { MillraceError, SubmitError, type SubmitErrorKind } from '../errors.js';

/** Content of an explanation file. */
export interface Explanation {
  timestamp: string;
  file: string;
  errorType: string;
  code: ErrorCode;
  message: string;
  attempts: number;
  correlationId: string;
  hints: readonly string[];
  kind?: SubmitErrorKind;
  status?: number;
  serverMessage?: string;
}

/** Describes why a report was given up. */
export function explain(
  error: MillraceError,
  about: { now: number; file: string; attempts: number; correlationId: string },
): Explanation {
  const submit = error instanceof SubmitError ? error : undefined;
  return {
    timestamp: new Date(about.now).toISOString(),
    file: about.file,
    errorType: error.name,
    code: error.code,
    message: error.message,
    attempts: about.attempts,
    correlationId: about.correlationId,
    hints: error.hints,
    ...(submit ? { kind: submit.kind } : {}),
    ...(submit?.status === undefined ? {} : { status: submit.status }),
    ...(submit?.serverMessage === undefined ? {} : { serverMessage: submit.serverMessage }),
  };
}

/** The error that an explanation tells of, as far as it can be read. */
export function errorFromExplanation(saved: Record<string, unknown>): MillraceError {
  const { message, code, kind, status, serverMessage } = saved as Partial<Explanation>;
  const words = typeof message === 'string' ? message : 'The report was given up; the explanation beside it is missing';
  if (kind === 'permanent' || kind === 'transient' || kind === 'unauthorized') {
    return new SubmitError(words, {
      kind,
      ...(typeof status === 'number' ? { status } : {}),
      ...(typeof serverMessage === 'string' ? { serverMessage } : {}),
    });
  }
  return new MillraceError(code && ERROR_CODES.includes(code) ? code : 'UNKNOWN', words);
}

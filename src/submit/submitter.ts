/** The contract between the queue and whatever carries a report to its server. */
import { SubmitError, type SubmitErrorKind, toError } from '../errors.js';

/** What a submitter is told beside the report. */
export interface SubmitContext {
  /** The same for every attempt of one report, through crashes and restarts: a server that honours it sees the report once. */
  idempotencyKey: string;
  /** Aborts when nobody waits for the answer any more. The report is then sent again later. */
  signal: AbortSignal;
  /** 1 for the first attempt. */
  attempt: number;
  /**
   * A UUID of this attempt alone; the queue always gives one. An attempt that breaks is never resumed: the next one sends
   * the whole report under a new id, so that two attempts can be told apart in both sides' logs.
   */
  attemptId?: string;
  /** Names what the report was made from in every event and log line; pass it on where the server logs it. */
  correlationId?: string;
  /** The idempotency key of an earlier report that this one takes the place of, as when that was made of half a file. */
  supersedes?: string;
}

/** What is known about an accepted report. */
export interface SubmitResult {
  /** The server's id of the report. */
  id?: string;
  /** The server's answer, parsed where it was JSON. */
  response?: unknown;
}

/** Carries reports to a server. */
export interface Submitter {
  /**
   * Resolves when the server has accepted the report.
   * @throws {SubmitError} whose `kind` says what that means; any other error counts as `transient`.
   */
  submit(report: unknown, context: SubmitContext): Promise<SubmitResult>;
  /** Resolves when the server can be reached. Without it, a waiting report is the probe. */
  probe?(signal: AbortSignal): Promise<void>;
  /** How far the station's clock is ahead of the server's, in ms, once an answer told. */
  readonly clockSkewMs?: number | undefined;
  /** The text without the credentials that this submitter knows; for logs. */
  hideSecrets?(text: string): string;
}

/** The short form of a {@link Submitter}: its `submit` alone. What it resolves with may be nothing at all. */
export type SubmitFunction = (report: unknown, context: SubmitContext) => Promise<SubmitResult | undefined>;

/** A submitter in its long form. */
export function toSubmitter(given: Submitter | SubmitFunction): Submitter {
  if (typeof given !== 'function') return given;
  return { submit: async (report, context) => (await given(report, context)) ?? {} };
}

const KINDS: readonly unknown[] = ['transient', 'permanent', 'unauthorized'] satisfies SubmitErrorKind[];

/** Whatever a submitter threw, as a {@link SubmitError}: unknown trouble is transient, because then nothing is lost. */
export function toSubmitError(thrown: unknown): SubmitError {
  if (thrown instanceof SubmitError) return thrown;
  const error = toError(thrown);
  // A second copy of the library has its own class, and a user's function may throw a plain object's worth of it.
  const { kind, retryAfterMs, status, serverMessage } = error as Partial<SubmitError>;
  return new SubmitError(error.message, {
    kind: KINDS.includes(kind) ? (kind as SubmitErrorKind) : 'transient',
    cause: thrown,
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
    ...(typeof status === 'number' ? { status } : {}),
    ...(typeof serverMessage === 'string' ? { serverMessage } : {}),
  });
}

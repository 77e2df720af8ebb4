/** One attempt to hand one report to the submitter. */
import { ServiceError } from '../errors.js';
import { traced } from '../observe/channels.js';
import { type SubmitContext, type SubmitResult, toSubmitError } from '../submit/submitter.js';
import type { Core } from './core.js';

/**
 * @throws {SubmitError} when the report was not accepted; {ServiceError} when `signal` aborted, which tells nothing
 * about the report or the server.
 */
export async function transmit(
  { submitter, counters, latency, options: { clock } }: Core,
  report: unknown,
  context: SubmitContext & { correlationId: string; attemptId: string },
): Promise<SubmitResult> {
  const { signal, attempt, attemptId, idempotencyKey, correlationId } = context;
  counters.attempts += 1;
  if (attempt > 1) counters.retries += 1;
  const startedAt = clock.monotonic();
  try {
    const result = traced('submit', { idempotencyKey, correlationId, attempt, attemptId }, () =>
      untilAborted(signal, () => submitter.submit(report, context)),
    );
    // Not every submitter is written in TypeScript: one that resolves with nothing has accepted the report all the same.
    return ((await result) as SubmitResult | undefined) ?? {};
  } catch (thrown) {
    if (signal.aborted) throw new ServiceError('POOL_STOPPING', 'Sending was stopped', { cause: thrown });
    throw toSubmitError(thrown);
  } finally {
    latency.record(clock.monotonic() - startedAt);
  }
}

/** Rejects as soon as `signal` aborts, also when the action does not listen to it. */
export async function untilAborted<T>(signal: AbortSignal, action: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([action(), aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** A signal that aborts with either of two; `unlink` it when it is no longer needed, or the longer-lived one keeps it. */
export function linkSignals(
  first: AbortSignal | undefined,
  second: AbortSignal,
): { signal: AbortSignal; unlink: () => void } {
  const controller = new AbortController();
  const sources = first ? [first, second] : [second];
  const forward = (event: Event) => controller.abort((event.target as AbortSignal).reason);
  for (const source of sources) {
    if (source.aborted) controller.abort(source.reason);
    source.addEventListener('abort', forward, { once: true });
  }
  const unlink = () => {
    for (const source of sources) source.removeEventListener('abort', forward);
  };
  return { signal: controller.signal, unlink };
}

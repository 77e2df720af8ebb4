/**
 * `node:diagnostics_channel`: every event under `millrace:{subject}:{event}`, and conversions and submissions as traces.
 * Names are API. Nothing is published, and nothing costs, while nobody has subscribed.
 */
import { type Channel, channel, type TracingChannel, tracingChannel } from 'node:diagnostics_channel';

/** What is published for an event. */
export interface ChannelMessage<Payload = unknown> {
  /** Who told it: the pool, queue or archive. */
  emitter: object;
  event: string;
  payload: Payload;
}

const channels = new Map<string, Channel>();

/** Publishes an event, where somebody listens. */
export function publish(subject: string, emitter: object, event: string, payload: unknown): void {
  const name = `millrace:${subject}:${event}`;
  let found = channels.get(name);
  if (!found) {
    found = channel(name);
    channels.set(name, found);
  }
  if (found.hasSubscribers) found.publish({ emitter, event, payload } satisfies ChannelMessage);
}

/** The context of `tracing:millrace:convert:*`. */
export interface ConvertTrace {
  path: string;
  converter: string;
  correlationId: string;
  attempt: number;
}

/** The context of `tracing:millrace:submit:*`. */
export interface SubmitTrace {
  idempotencyKey: string;
  correlationId: string;
  attempt: number;
  /** A UUID, new with each attempt. */
  attemptId: string;
}

const traces = {
  convert: tracingChannel<unknown, ConvertTrace>('millrace:convert'),
  submit: tracingChannel<unknown, SubmitTrace>('millrace:submit'),
};

/** Runs `action` as a trace: `start`, `end`, `asyncStart`, `asyncEnd`, and `error` when it rejects. */
export function traced<T>(
  ...[kind, context, action]:
    | [kind: 'convert', context: ConvertTrace, action: () => Promise<T>]
    | [kind: 'submit', context: SubmitTrace, action: () => Promise<T>]
): Promise<T> {
  const trace = traces[kind] as unknown as TracingChannel<unknown, object>;
  return isHeard(trace) ? trace.tracePromise(action, context) : action();
}

/** `hasSubscribers` of a tracing channel is younger than the oldest Node that we run on. */
function isHeard({ start, end, asyncStart, asyncEnd, error }: TracingChannel<unknown, object>): boolean {
  return [start, end, asyncStart, asyncEnd, error].some(one => one.hasSubscribers);
}

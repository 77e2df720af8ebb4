/** What the tests of the queue share: queues with small limits, their events, and files as they lie in the folder. */
import { readdir } from 'node:fs/promises';
import { afterEach } from 'vitest';
import type { PendingQueueOptions } from '../../../src/pending/options.js';
import { PendingQueue } from '../../../src/pending/pending-queue.js';
import type { PendingQueueEvents } from '../../../src/pending/types.js';
import type { SubmitContext, SubmitFunction } from '../../../src/submit/submitter.js';
import { temporaryFolders } from '../../support/temp-folder.js';

export const temporaryFolder = temporaryFolders();

/** A time that no test reaches. */
export const NEVER_MS = 3_600_000;

const open: PendingQueue[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(queue => queue.stop({ timeoutMs: 0 })));
});

/** A queue that is stopped after the test. It retries at once and looks around rarely unless told otherwise. */
export function makeQueue(directory: string, options: Partial<PendingQueueOptions> = {}): PendingQueue {
  const queue = new PendingQueue({
    directory,
    submitter: async () => ({}),
    minFreeBytes: 0,
    reserveBytes: 0,
    random: () => 0.5,
    ...options,
    retry: { baseDelayMs: 1, maxDelayMs: 5, budgetPerMinute: 6_000_000, ...options.retry },
  });
  open.push(queue);
  return queue;
}

/** Resolves with the payload of the next such event. */
export function next<K extends keyof PendingQueueEvents>(
  queue: PendingQueue,
  event: K,
  fits: (payload: PendingQueueEvents[K]) => boolean = () => true,
): Promise<PendingQueueEvents[K]> {
  return new Promise(resolve => {
    const listener = (payload: PendingQueueEvents[K]) => {
      if (!fits(payload)) return;
      queue.off(event, listener as never);
      resolve(payload);
    };
    queue.on(event, listener as never);
  });
}

/** Every event of these kinds, in order. */
export function record(
  queue: PendingQueue,
  ...events: (keyof PendingQueueEvents)[]
): { event: string; payload: never }[] {
  const seen: { event: string; payload: never }[] = [];
  for (const event of events) queue.on(event, ((payload: never) => seen.push({ event, payload })) as never);
  return seen;
}

/** The reports in the folder, without lock, reserve and sidecars. */
export async function files(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter(name => /\.(queued|processing|error|completed)$/.test(name)).sort();
}

/** A submitter that notes what it was given and answers as it is told. */
export function notingSubmitter(
  answer: (report: unknown, context: SubmitContext) => Promise<unknown> | unknown = () => ({}),
): {
  submit: SubmitFunction;
  seen: { report: unknown; key: string; attempt: number }[];
} {
  const seen: { report: unknown; key: string; attempt: number }[] = [];
  return {
    seen,
    submit: async (report, context) => {
      seen.push({ report, key: context.idempotencyKey, attempt: context.attempt });
      return (await answer(report, context)) as { id?: string };
    },
  };
}

/** Something that is resolved from outside. */
export function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>(done => {
    resolve = done;
  });
  return { promise, resolve };
}

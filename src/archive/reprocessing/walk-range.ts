/** Goes through the entries of a range, oldest first, some at once, in steps after each of which it can be interrupted. */
import pLimit from 'p-limit';
import { systemClock } from '../../clock.js';
import { ConfigError, toError } from '../../errors.js';
import type { ArchiveEntry, ArchivePage, ArchiveQuery } from '../types.js';
import { type LiveWork, Pacer } from './pacer.js';
import type { ReplayPace } from './types.js';

const MAX_CONCURRENCY = 50;
/** Entries of one step, at least: what a crash has done again. */
const STEP = 50;

/** What a walk is made with. */
export interface Walk<T> {
  live: LiveWork | undefined;
  query: (query: ArchiveQuery) => Promise<ArchivePage>;
  filter: ArchiveQuery;
  pace: ReplayPace;
  /** Goes on after this one. */
  cursor: string | undefined;
  /** What is done with each. What it throws ends the walk, unless the signal had aborted. */
  each: (entry: ArchiveEntry, signal: AbortSignal) => Promise<T>;
  /** Called when an entry is done, in no particular order. */
  onDone: (done: T) => void | Promise<void>;
  /** Called after each step, with its results in the order of the entries, and where the next begins. */
  onStep: (results: readonly T[], cursor: string | undefined) => Promise<void>;
}

/** @returns whether the end was reached; false when the signal aborted. @throws what `each` or a callback threw. */
export async function walkRange<T>(walk: Walk<T>): Promise<boolean> {
  const { concurrency = 1, maxPerSecond, signal } = walk.pace;
  checkPace(walk.pace);
  const limit = pLimit(concurrency);
  const pacer = new Pacer(systemClock, walk.live, maxPerSecond);
  // One that fails takes the others of its step with it.
  const abort = new AbortController();
  const onAbort = () => abort.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    for (let { cursor } = walk; ; ) {
      if (signal?.aborted) return false;
      const page = await walk.query({
        ...walk.filter,
        order: 'asc',
        limit: Math.max(STEP, concurrency * 2),
        ...(cursor === undefined ? {} : { cursor }),
      });
      const turns = page.entries.map(entry =>
        limit(async () => {
          await pacer.turn(abort.signal);
          abort.signal.throwIfAborted();
          const done = await walk.each(entry, abort.signal);
          await walk.onDone(done);
          return done;
        }),
      );
      for (const turn of turns) turn.catch((thrown: unknown) => abort.abort(thrown));
      const ended = await Promise.allSettled(turns);
      const failure = ended.find(one => one.status === 'rejected');
      if (failure) {
        if (signal?.aborted) return false;
        throw toError(abort.signal.reason);
      }
      const results = ended.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []));
      cursor = page.nextCursor ?? undefined;
      await walk.onStep(results, cursor);
      if (cursor === undefined) return true;
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

function checkPace({ concurrency = 1, maxPerSecond }: ReplayPace): void {
  const problems = [];
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > MAX_CONCURRENCY)
    problems.push({ path: 'concurrency', message: `must be a whole number from 1 to ${MAX_CONCURRENCY}` });
  if (maxPerSecond !== undefined && !(maxPerSecond > 0))
    problems.push({ path: 'maxPerSecond', message: 'must be a number above 0' });
  if (problems.length > 0) throw new ConfigError(problems);
}

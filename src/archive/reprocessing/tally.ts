/** Counts what became of the entries of a replay, so that it can be interrupted anywhere and end with the same numbers. */
import type { ReplayedSource, ReplayNote, ReplayProgress } from './types.js';

/** How many entries each list names; all are counted. */
export const MAX_NAMED = 10_000;

/** What is kept of a replay between two of its steps; plain JSON. */
export interface TallyState {
  total: number;
  processed: number;
  successful: number;
  failed: number;
  skipped: number;
  submitted: number;
  durationMs: number;
  errors: ReplayNote[];
  notConverted: ReplayNote[];
  purged: string[];
}

/** Nothing is done yet. */
export function newTally(total: number): TallyState {
  return {
    total,
    processed: 0,
    successful: 0,
    failed: 0,
    skipped: 0,
    submitted: 0,
    durationMs: 0,
    errors: [],
    notConverted: [],
    purged: [],
  };
}

/** Counts one entry. */
export function count(tally: TallyState, { archiveId, status, error, reason, submitted }: ReplayedSource): void {
  tally.processed += 1;
  tally.submitted += submitted.length;
  if (status === 'success') tally.successful += 1;
  else if (status === 'failed') tally.failed += 1;
  else tally.skipped += 1;
  if (status === 'failed') name(tally.errors, { archiveId, message: error?.message ?? 'unknown' });
  if (status === 'skipped') name(tally.notConverted, { archiveId, message: reason ?? '' });
  if (status === 'purged') name(tally.purged, archiveId);
}

function name<T>(list: T[], one: T): void {
  if (list.length < MAX_NAMED) list.push(one);
}

/** Tells how fast a replay is, from when it was made. */
export class Speedometer {
  readonly #now: () => number;
  readonly #startedAt: number;
  #done = 0;

  /** @param now Monotonic ms. */
  constructor(now: () => number) {
    this.#now = now;
    this.#startedAt = now();
  }

  /** How long it runs, in ms. */
  get elapsedMs(): number {
    return this.#now() - this.#startedAt;
  }

  /** One more is done. @param processed How many are done in all, with those before this call. */
  progress(total: number, counts: Omit<ReplayProgress, 'total' | 'perSecond' | 'remainingMs'>): ReplayProgress {
    this.#done += 1;
    const perSecond = (this.#done * 1_000) / Math.max(this.elapsedMs, 1);
    return { total, ...counts, perSecond, remainingMs: ((total - counts.processed) * 1_000) / perSecond };
  }
}

/** What a pool remembers of its own events: counts and durations for metrics, and for health what lasts. */
import type { Clock } from '../clock.js';
import { Histogram } from '../observe/histogram.js';
import { Recent } from '../observe/recent.js';
import type { PoolEvents } from './pool-events.js';

/** What came of a converter's files since the start of the process. */
export interface ConverterCounts {
  discovered: number;
  converted: number;
  completed: number;
  failed: number;
  suspended: number;
  skipped: number;
  retried: number;
}

/** The counts of one converter, and how long its conversions took. */
export interface ConverterMeter {
  readonly counts: ConverterCounts;
  readonly duration: Histogram;
}

/** Events after which something has moved. */
const PROGRESS: ReadonlySet<keyof PoolEvents> = new Set([
  'converted',
  'delivered',
  'queuedOffline',
  'cleaned',
  'completed',
  'failed',
  'suspended',
  'skipped',
]);
const COUNTED: { readonly [K in keyof PoolEvents]?: keyof ConverterCounts } = {
  discovered: 'discovered',
  converted: 'converted',
  completed: 'completed',
  failed: 'failed',
  suspended: 'suspended',
  skipped: 'skipped',
  retrying: 'retried',
};

export class Monitor {
  readonly converters = new Map<string, ConverterMeter>();
  /** Background errors by code. */
  readonly errors = new Map<string, number>();
  /** Folders that cannot be reached, or whose events cannot be trusted, and why. */
  readonly blind = new Map<string, Error>();
  /** What was damaged since the start, in words. */
  readonly damage: string[] = [];
  /** 1 for each file that failed, 0 for each that did not. */
  readonly outcomes: Recent;
  readonly #clock: Clock;
  readonly #isQuiet: () => boolean;
  #movedAt: number;

  /** @param isQuiet Whether nothing waits and nothing is worked on. */
  constructor(clock: Clock, isQuiet: () => boolean) {
    this.#clock = clock;
    this.#isQuiet = isQuiet;
    this.#movedAt = clock.monotonic();
    this.outcomes = new Recent(clock, { size: 100, maxAgeMs: 600_000 });
  }

  /** For how long nothing has moved, in ms. Only of interest while something waits. */
  get stillForMs(): number {
    return this.#clock.monotonic() - this.#movedAt;
  }

  /** Something has moved, or the first work has come. */
  moved(): void {
    this.#movedAt = this.#clock.monotonic();
  }

  /** Every event of the pool, before its listeners are told. */
  note<K extends keyof PoolEvents>(event: K, payload: PoolEvents[K]): void {
    if (PROGRESS.has(event)) this.moved();
    const counted = COUNTED[event];
    if (counted) this.#meter((payload as PoolEvents['discovered']).converter).counts[counted] += 1;
    const handler = this.#handlers[event] as ((payload: PoolEvents[K]) => void) | undefined;
    handler?.(payload);
  }

  readonly #handlers: { readonly [K in keyof PoolEvents]?: (payload: PoolEvents[K]) => void } = {
    // Until now nothing waited, so nothing stood still.
    queued: () => {
      if (this.#isQuiet()) this.moved();
    },
    converted: ({ converter, durationMs }) => this.#meter(converter).duration.record(durationMs),
    // Once for each file that did not fail: moved, zipped, deleted or kept.
    cleaned: ({ action }) => {
      if (action !== 'error' && action !== 'pending') this.outcomes.add(0);
    },
    failed: () => this.outcomes.add(1),
    watcherDegraded: ({ folder, error }) => void this.blind.set(folder, error),
    watcherRecovered: ({ folder }) => void this.blind.delete(folder),
    error: ({ error, path }) => {
      const code = String((error as { code?: unknown }).code ?? 'UNKNOWN');
      this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
      if (code === 'STORE_DAMAGED') this.damage.push(path === undefined ? error.message : `${path}: ${error.message}`);
    },
  };

  #meter(converter: string): ConverterMeter {
    let meter = this.converters.get(converter);
    if (!meter) {
      const counts = { discovered: 0, converted: 0, completed: 0, failed: 0, suspended: 0, skipped: 0, retried: 0 };
      meter = { counts, duration: new Histogram() };
      this.converters.set(converter, meter);
    }
    return meter;
  }
}

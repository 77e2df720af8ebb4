/** How long the event loop is held up: measured only while somebody asks, since measuring costs a timer of its own. */
import { type EventLoopUtilization, type IntervalHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Clock, Timer } from '../clock.js';

/** The event loop since it was last asked about. */
export interface EventLoopMetrics {
  /** Delay beyond the normal, in seconds; absent in the first snapshot, which begins the measuring. */
  delay?: { mean: number; p99: number; max: number };
  /** The share of time in which it worked, 0 to 1. */
  utilization: number;
}

const RESOLUTION_MS = 20;
/** Nobody has asked for so long: the measuring ends. A scraper asks at least once a minute or so. */
const FORGET_MS = 300_000;
const NANOSECONDS = 1e9;

export class EventLoopMeter {
  readonly #clock: Clock;
  #histogram: IntervalHistogram | undefined;
  #before: EventLoopUtilization = performance.eventLoopUtilization();
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What has been since the last call, and begins anew. */
  read(): EventLoopMetrics {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#before);
    this.#before = now;
    const histogram = this.#histogram;
    const delay = histogram && histogram.count > 0 ? summary(histogram) : undefined;
    if (histogram) {
      histogram.reset();
    } else {
      this.#histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      this.#histogram.enable();
    }
    this.#forgetLater();
    return { utilization, ...(delay ? { delay } : {}) };
  }

  stop(): void {
    if (this.#timer) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#histogram?.disable();
    this.#histogram = undefined;
  }

  #forgetLater(): void {
    if (this.#timer) this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => this.stop(), FORGET_MS);
    this.#timer.unref();
  }
}

/** Node counts the whole time between two ticks; what is beyond the resolution is the delay. */
function summary(histogram: IntervalHistogram): { mean: number; p99: number; max: number } {
  const seconds = (nanoseconds: number): number => Math.max(0, nanoseconds - RESOLUTION_MS * 1e6) / NANOSECONDS;
  return { mean: seconds(histogram.mean), p99: seconds(histogram.percentile(99)), max: seconds(histogram.max) };
}

/** How long the server takes: a histogram for metrics, and the newest requests for health. */
import type { Clock } from '../clock.js';
import { Histogram } from '../observe/histogram.js';
import { Recent } from '../observe/recent.js';

export class Latency {
  readonly histogram = new Histogram();
  readonly recent: Recent;

  constructor(clock: Clock) {
    this.recent = new Recent(clock, { size: 50, maxAgeMs: 300_000 });
  }

  record(durationMs: number): void {
    this.histogram.record(durationMs);
    this.recent.add(durationMs);
  }
}

/** From where on a pool's health is not good any more. */
import type { ConfigProblem } from '../errors.js';

/** Thresholds of `pool.health()`. A value above its threshold is a reason. */
export interface HealthOptions {
  /** Files and reports that wait. Default 1,000. */
  backlog?: number;
  /** Share of files that failed, of the last 100 of the last 10 minutes, 0 to 1; judged from 10 files on. Default 0.25. */
  errorRate?: number;
  /** Mean time of the last 50 requests of the last 5 minutes, in ms. Default 5,000. */
  apiLatencyMs?: number;
  /** Age of the oldest file or report that is not delivered, in ms. Default 3,600,000. */
  oldestUndeliveredMs?: number;
  /** How long nothing may move while work waits, in ms. Default 600,000, and at least twice the longest `timeoutMs`. */
  stalledMs?: number;
  /** How far the station's clock may be from the server's, in ms. Default 60,000. */
  clockSkewMs?: number;
}

const DEFAULTS = {
  backlog: 1_000,
  errorRate: 0.25,
  apiLatencyMs: 5_000,
  oldestUndeliveredMs: 3_600_000,
  stalledMs: 600_000,
  clockSkewMs: 60_000,
} as const satisfies Required<HealthOptions>;

/** Fills in defaults. Each problem is added to `problems`. */
export function resolveHealthOptions(
  options: HealthOptions = {},
  longestTimeoutMs: number,
  problems: ConfigProblem[],
): Required<HealthOptions> {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(DEFAULTS, name))
      problems.push({ path: `health.${name}`, message: 'is not a threshold of health' });
    else if (typeof value !== 'number' || !(value >= 0))
      problems.push({ path: `health.${name}`, message: `must be a number, 0 or above, not ${String(value)}` });
  }
  return { ...DEFAULTS, stalledMs: Math.max(DEFAULTS.stalledMs, 2 * longestTimeoutMs), ...options };
}

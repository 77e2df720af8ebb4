/** What health is, whoever it is of: a status, and every reason for it with its value and its threshold. */

/** `degraded`: work goes on, and somebody should look. `unhealthy`: it does not go on, or soon will not. */
export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

/** The reasons, by name. The operations guide says what to do about each. */
export type HealthReasonCode =
  | 'API_LATENCY'
  | 'ARCHIVE_DAMAGED'
  | 'ARCHIVE_PAUSED'
  | 'BACKLOG'
  | 'BREAKER_OPEN'
  | 'CLOCK_SKEW'
  | 'DISK_LOW'
  | 'ERROR_RATE'
  | 'NOT_RUNNING'
  | 'OFFLINE'
  | 'OLDEST_UNDELIVERED'
  | 'PAUSED'
  | 'QUEUE_FULL'
  | 'RETENTION_PAUSED'
  | 'STALLED'
  | 'STORE_DAMAGED'
  | 'UNAUTHORIZED'
  | 'WATCHER_BLIND';

/** One thing that is not as it should be. */
export interface HealthReason {
  code: HealthReasonCode;
  /** `unhealthy` reasons make the whole unhealthy. */
  severity: 'degraded' | 'unhealthy';
  /** For people, in one sentence. */
  message: string;
  /** What was measured: ms, bytes, a count or a share, as the message says; or a state. */
  value: number | string;
  /** What it was held against. */
  threshold: number | string;
}

/** What `health()` gives. */
export interface Health {
  status: HealthStatus;
  /** Empty when healthy; the gravest first. */
  reasons: readonly HealthReason[];
}

/** The status that follows from reasons. */
export function toHealth(reasons: readonly HealthReason[]): Health {
  const grave = reasons.filter(reason => reason.severity === 'unhealthy');
  const rest = reasons.filter(reason => reason.severity !== 'unhealthy');
  const status = grave.length > 0 ? 'unhealthy' : rest.length > 0 ? 'degraded' : 'healthy';
  return { status, reasons: [...grave, ...rest] };
}

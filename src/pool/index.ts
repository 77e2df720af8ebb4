/** The pool. */
export { AsyncConverterPool } from './async-converter-pool.js';
export type { Audit, AuditDifference } from './audit.js';
export type { CompanionOptions, ConverterCompanions } from './companion-options.js';
export {
  createHealthHandler,
  type HealthHandler,
  type HealthRequest,
  type HealthResponse,
  type HijackedResponse,
  type Observed,
} from './health-handler.js';
export type { HealthOptions } from './health-options.js';
export type { IsolationOptions } from './isolation-options.js';
export type { ItemsFilter, ItemsPage, PoolItem } from './items.js';
export { prometheusText } from './metric-families.js';
export type { ConverterCounts } from './monitor.js';
export { exportToOpenTelemetry, type OpenTelemetryOptions } from './open-telemetry.js';
export type {
  DeliveredReport,
  FileEvent,
  PoolEvents,
  PoolState,
  PoolStatistics,
  ScanStatistics,
  ShadowDifference,
} from './pool-events.js';
export type { ArchiveMetrics, ConverterMetrics, PoolMetrics } from './pool-metrics.js';
export type { ConverterOptions, LedgerRetention, PoolOptions, StartupScanOptions } from './pool-options.js';
export type { ConverterChanges } from './reconfiguration.js';
export type { ReloadResult } from './reload.js';
export type { RetryFilter } from './retry.js';
export type { ConverterShadow, ShadowOptions } from './shadow-options.js';
export type {
  TelemetryHistogram,
  TelemetryInstrument,
  TelemetryMeter,
  TelemetryResult,
  TelemetrySpan,
  TelemetryTracer,
} from './telemetry.js';

/** The pool. */
export { AsyncConverterPool } from './async-converter-pool.js';
export type { Audit, AuditDifference } from './audit.js';
export type { ItemsFilter, ItemsPage, PoolItem } from './items.js';
export type {
  DeliveredReport,
  FileEvent,
  PoolEvents,
  PoolState,
  PoolStatistics,
  ScanStatistics,
} from './pool-events.js';
export type { ConverterOptions, LedgerRetention, PoolOptions, StartupScanOptions } from './pool-options.js';
export type { ConverterChanges } from './reconfiguration.js';
export type { ReloadResult } from './reload.js';
export type { RetryFilter } from './retry.js';

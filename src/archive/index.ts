/** The archive of originals and its catalog. */
export type { ArchiveEvents, ArchiveTraffic } from './archive-context.js';
export type { ArchiveOptions } from './archive-options.js';
export { ArchiveReadings } from './archive-readings.js';
export { ArchiveStorage } from './archive-storage.js';
export type { AuditRecord } from './catalog/audit-chain.js';
export type { AuditLogCheck } from './integrity/audit-check.js';
export { type ManifestFormat, verifyManifest } from './integrity/manifest.js';
export type { RebuildOptions, RebuildResult } from './integrity/rebuild.js';
export type { Damage, VerifyOptions, VerifyResult } from './integrity/verify.js';
export type { LiveWork } from './reprocessing/pacer.js';
export type { ReplayOutbox } from './reprocessing/replay-job.js';
export { ReprocessingEngine, type ReprocessingOptions } from './reprocessing/reprocessing-engine.js';
export type { ReplayEvent, ReprocessingEvents } from './reprocessing/reprocessing-events.js';
export type * from './reprocessing/types.js';
export type { ArchivedFile } from './restore.js';
export type { ClockGuardOptions } from './retention/clock-guard.js';
export type { ConverterForecast, Forecast } from './retention/forecast.js';
export type { HoldTarget } from './retention/holds.js';
export type { PurgeReason, SparedBecause } from './retention/may-purge.js';
export type { ConverterTotals } from './retention/plan.js';
export type { CompletePolicy, RetentionPolicy } from './retention/policy.js';
export { RetentionEngine } from './retention/retention-engine.js';
export type {
  PreviewEntry,
  PurgeHistoryEntry,
  PurgePreview,
  PurgeStatistics,
  RetentionEvents,
  RetentionOptions,
  SavingsEstimate,
  SkippedEntry,
} from './retention/types.js';
export type { ArchiveStatistics, ArchiveTotals } from './statistics.js';
export type {
  ArchiveEntry,
  ArchiveFilter,
  ArchiveInput,
  ArchivePage,
  ArchiveQuery,
  ArchiveStatus,
  ConversionFacts,
  SourceFacts,
} from './types.js';

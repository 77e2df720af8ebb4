/** The public face of millrace: everything but the subpaths is exported from here. */
export * from './archive/index.js';
export { type Clock, systemClock, type Timer } from './clock.js';
export * from './config/index.js';
export {
  type Conversion,
  ConverterBase,
  type ConverterContext,
  type ConverterFolders,
  type ValidationResult,
} from './converters/converter-base.js';
export {
  type ConversionStatus,
  ConverterResult,
  type PostProcessAction,
  type SuccessOptions,
} from './converters/converter-result.js';
export { FolderConverter, type FolderListing } from './converters/folder-converter.js';
export type { ConverterModule } from './converters/isolation/converter-module.js';
export {
  type PullContext,
  type Pulled,
  type PulledItem,
  type Schedule,
  ScheduledConverter,
} from './converters/scheduled-converter.js';
export type { ConverterSource, SourceFile } from './converters/source.js';
export type { DiscoveryOptions, FilePattern, ReadyCandidate } from './discovery/discovery-options.js';
export type { FolderWatch, StartWatch, WatchOptions } from './discovery/watch.js';
export type { FolderState } from './discovery/watched-folder.js';
export { ERROR_CODES, type ErrorCode } from './error-codes.js';
export * from './errors.js';
export { type FileStat, type FileSystem, nodeFileSystem, type OpenFile } from './files/file-system.js';
export type { FileIdentity } from './files/identity.js';
export type { SlowOperation } from './files/slow-operations.js';
export type { Cleanup, FileRecord, FileState } from './ledger/file-record.js';
export { reportId } from './ledger/report-id.js';
export type { ChannelMessage, ConvertTrace, SubmitTrace } from './observe/channels.js';
export type { ErrorEvent } from './observe/emitter.js';
export type { EventLoopMetrics } from './observe/event-loop.js';
export type { Health, HealthReason, HealthReasonCode, HealthStatus } from './observe/health.js';
export type { HistogramSnapshot } from './observe/histogram.js';
export { type LogFields, type Logger, type LogLevel, silentLogger } from './observe/logger.js';
export * from './pending/index.js';
export * from './pool/index.js';
export * from './submit/index.js';

/** The events of a pool. Each carries one payload; those about a file have its path and its correlation id. */
import type { SlowOperation } from '../files/slow-operations.js';
import type { FileState } from '../ledger/file-record.js';
import type { ErrorEvent } from '../observe/emitter.js';
import type { ReportDifference } from '../report/compare-reports.js';

/** In every event about a file. */
export interface FileEvent {
  /** Absolute path in the watch folder. */
  path: string;
  /** Its converter; before a choice between several, the first of them. */
  converter: string;
  /** The same from detection to the server's answer, over restarts. */
  correlationId: string;
}

/** A report that left a file. */
export interface DeliveredReport {
  /** Its id, which is also its idempotency key. */
  id: string;
  /** What the server called it, where it said. */
  serverId: string | null;
}

/** What was found by a scan. */
export interface ScanStatistics {
  /** Files that were looked at. */
  scanned: number;
  /** Of these, new ones that now wait to be converted. */
  queued: number;
  /** Of these, files that are known already or are nobody's. */
  skipped: number;
  /** Files or folders that could not be looked at; they are looked at again by the next rescan. */
  errors: number;
  durationMs: number;
}

/** A difference between what a converter and its candidate made of a file: `before` is the converter's. */
export interface ShadowDifference extends ReportDifference {
  /** Position of the report in the file. */
  report: number;
}

/** Event names and payloads of an `AsyncConverterPool`. */
export interface PoolEvents {
  /** A file, or a new generation of one, was seen for the first time. */
  discovered: FileEvent & { size: number };
  /** It is not whole after `readyTimeoutMs`. It is still taken when it is, and nobody waits for it any longer. */
  waiting: FileEvent & { reason: string };
  /** It rests and waits for a worker. */
  queued: FileEvent & { priority: number };
  /** Its converter begins; the attempt is counted. */
  converting: FileEvent & { attempt: number; maxAttempts: number };
  /** The converter says how far it is, from 0 to 1. */
  progress: FileEvent & { fraction: number; message?: string };
  /** Its reports are made. */
  converted: FileEvent & {
    reports: number;
    warnings: readonly string[];
    metadata: Readonly<Record<string, unknown>>;
    durationMs: number;
  };
  /** The server has accepted all its reports. */
  delivered: FileEvent & { reports: readonly DeliveredReport[] };
  /** Some of its reports wait in the pending queue. */
  queuedOffline: FileEvent & { waiting: number; reason: string };
  /** Its source is in the archive. */
  archived: FileEvent & { archiveId: string };
  /** Its reports (their ids) supersede those that were made when the file was only the first part of what it is now. */
  superseded: FileEvent & {
    reports: readonly string[];
    earlier: { correlationId: string; reports: readonly string[] };
  };
  /** Its post-process action is done; `target` is where the source is now. */
  cleaned: FileEvent & { action: string; target?: string };
  /** Delivered and cleaned up. */
  completed: FileEvent & { reports: readonly DeliveredReport[]; durationMs: number };
  /** It cannot be converted or delivered; `target` is where the source is now. */
  failed: FileEvent & { error: Error; attempts: number; target?: string };
  /** The converter asked for a later retry, or says that the file is not complete yet. */
  suspended: FileEvent & { reason: string; retryAfterMs: number; attempts: number };
  /** Nothing is delivered from it, on purpose: a duplicate, nothing in it, or gone before it was taken. */
  skipped: FileEvent & { reason: string; duplicateOf?: string };
  /** It is tried again. */
  retrying: FileEvent & { reason: string; attempt: number; maxAttempts: number; delayMs: number };
  /** `validate()` was less sure than `alarmThreshold`. */
  lowConfidence: FileEvent & { confidence: number; threshold: number };
  /** A candidate has made the same of it as its converter. */
  shadowMatched: FileEvent & { candidateVersion: string };
  /** A candidate has made something else of it than its converter; nothing of that was sent. */
  shadowDiffers: FileEvent & { candidateVersion: string; differences: readonly ShadowDifference[] };
  /** A candidate has not run on it. */
  shadowSkipped: FileEvent & { candidateVersion: string; reason: string };
  /** A folder was listed. */
  scanCompleted: ScanStatistics;
  /** A scheduled converter has pulled. `items` were given; of these, `known` had been taken before. */
  pulled: { converter: string; items: number; known: number; durationMs: number };
  /** A pull failed, `failures` times in a row by now. It is repeated. */
  pullFailed: { converter: string; error: Error; failures: number; retryAfterMs: number };
  /** The converters are others than before, by their names: after `addConverter`, `removeConverter` or `reload`. */
  reconfigured: {
    added: readonly string[];
    removed: readonly string[];
    changed: readonly string[];
    unchanged: readonly string[];
  };
  /** The pool itself went from one state to another. */
  stateChanged: { from: PoolState; to: PoolState };
  /** A watch folder cannot be reached, or its events cannot be trusted. */
  watcherDegraded: { folder: string; error: Error; reason: string };
  /** It can be reached and watched again. */
  watcherRecovered: { folder: string };
  /** An archive cannot be written. Files go on without it or wait, as their `archivePolicy` says. */
  archiveAway: { folder: string; error: Error; reason: string };
  /** It can be written again. */
  archiveRecovered: { folder: string };
  /** A file operation takes longer than `slowOperationMs`, as on a share that hangs. Told once for each, while it is under way. */
  slowOperation: SlowOperation;
  /** Less space is free than is to be left: intake pauses. */
  diskLow: { path: string; freeBytes: number };
  /** There is space again: intake goes on. */
  diskRecovered: { path: string; freeBytes: number };
  /** Trouble in the background that no caller could be told of. */
  error: ErrorEvent;
}

/** The states of a pool. It goes through them once, in this order. */
export type PoolState = 'idle' | 'starting' | 'running' | 'stopping' | 'stopped';

/** How many files are in each state, and what came of them. */
export interface PoolStatistics {
  /** Every file generation that was ever seen, by its state now. */
  files: Record<FileState, number>;
  /** Their sum. */
  total: number;
  /** Reports made from them that the server has accepted or the pending queue holds. */
  reports: number;
  /** Reports that wait in the pending queue. */
  pending: number;
  /** Files that a worker has now. */
  working: number;
}

/** What the retention engine is made with, and what it tells. */
import type { Clock } from '../../clock.js';
import type { ErrorEvent } from '../../observe/emitter.js';
import type { Logger } from '../../observe/logger.js';
import type { ArchiveStorage } from '../archive-storage.js';
import type { ClockGuardOptions } from './clock-guard.js';
import type { PurgeReason, SparedBecause } from './may-purge.js';
import type { ConverterTotals } from './plan.js';
import type { RetentionPolicy } from './policy.js';

/** Options of a `RetentionEngine`. */
export interface RetentionOptions {
  archive: ArchiveStorage;
  /** Set at the first use, in place of what was stored for the same converters. Policies of other converters stay. */
  policies?: readonly RetentionPolicy[];
  /**
   * How long the content of a purged entry stays, so that `undelete()` can bring it back, in ms. What is purged for the
   * free space goes at once. Default 24 hours; 0 removes it in the same run.
   */
  gracePeriodMs?: number;
  /** How many entries are purged in a second, at most. Default 5,000. */
  maxPerSecond?: number;
  /** How many entries are looked at in one step. Default 500. */
  chunkSize?: number;
  /** A file of so many bytes is given up when the disk is full, so that purges can be written down. Default 1 MiB; 0 for none. */
  reserveBytes?: number;
  /** When the station's clock is doubted. */
  clockGuard?: ClockGuardOptions;
  /** Default: silent. */
  logger?: Logger;
  /** Default: the archive's. */
  clock?: Clock;
}

/** An entry that a rule would remove. */
export interface PreviewEntry {
  archiveId: string;
  converterName: string;
  /** When the source was received. */
  timestamp: Date;
  /** What its removal gives back. Content that several entries share counts with one of them. */
  bytes: number;
  /** The rule. */
  reason: PurgeReason;
}

/** An entry that a rule wants gone and that stays. */
export interface SkippedEntry {
  archiveId: string;
  /** Why it stays. */
  reason: SparedBecause;
}

/** What a purge would do now. */
export interface PurgePreview {
  /** Every entry that would be purged, with the rule. */
  entries: PreviewEntry[];
  /** What they take, in bytes. */
  bytes: number;
  /** Entries that the rules want gone and that stay, the first 1,000. */
  skipped: SkippedEntry[];
  /** How many those are. */
  skippedCount: number;
  /** What would be left of each converter that a policy looks after. */
  remaining: ConverterTotals[];
  /** Why the rules of age pause, where they do: the clock is in doubt. */
  agePaused: string | undefined;
}

/** How much a purge would free. */
export interface SavingsEstimate {
  archives: number;
  bytes: number;
  byReason: Partial<Record<PurgeReason, { archives: number; bytes: number }>>;
}

/** What a run came to. */
export interface PurgeStatistics {
  /** Entries that are purged now. */
  archivesPurged: number;
  /** What was given back to the disk in this run, content of entries purged earlier included. */
  bytesFreed: number;
  /** What waits in the grace period. */
  bytesPending: number;
  byReason: Partial<Record<PurgeReason, { archives: number; bytes: number }>>;
  /** Entries that the rules want gone and that stay, the first 1,000. */
  skipped: SkippedEntry[];
  /** How many those are. */
  skippedCount: number;
  /** Why the rules of age pause, where they do: the clock is in doubt. */
  agePaused: string | undefined;
  /** False when it was aborted. */
  complete: boolean;
  durationMs: number;
}

/** A line of the purge history: one rule of one run, or a purge by hand. */
export interface PurgeHistoryEntry {
  id: number;
  purgedAt: Date;
  converterName: string;
  archivesPurged: number;
  bytesFreed: number;
  reason: PurgeReason;
}

/** Events of a `RetentionEngine`. */
export interface RetentionEvents {
  /** Entries of one converter are purged: their tombstones are durable. */
  purged: { converterName: string; reason: PurgeReason; archiveIds: readonly string[]; bytes: number; removedAt: Date };
  /** `preview()` has looked. */
  previewed: { entries: number; bytes: number };
  /** Entries that a rule wants gone stay. */
  skipped: { skipped: readonly SkippedEntry[] };
  /** The clock is in doubt: nothing is purged for its age, and no grace period ends. */
  agePaused: { message: string };
  /** A run of `start()` failed. The next one comes in its time. Where nobody listens to this, it is an `error`. */
  failed: { error: Error };
  /** Trouble that no caller could be told of. */
  error: ErrorEvent;
}

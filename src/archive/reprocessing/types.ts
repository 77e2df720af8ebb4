/** What a replay is asked for, and what it tells. */
import type { ReportDifference } from '../../report/compare-reports.js';

/** Which entries. */
export interface ReplayRange {
  /** Whose sources. */
  converterName: string;
  /** Received at this time or later. Default: from the first on. */
  from?: Date;
  /** Received before this time. Default: the time of the call. */
  to?: Date;
  /** Only sources with this serial number. */
  serialNumber?: string;
}

/** With what a source is converted again. */
export interface ReplayConverterOptions {
  /** The newest version that the engine has, or the one that the source was converted with. Default true. */
  useCurrentConverter?: boolean;
  /** The arguments of that converter, or those that the source was converted with. Default true. */
  useCurrentParameters?: boolean;
  /** Exactly this version, in place of `useCurrentConverter`. */
  version?: string;
}

/** How a single source is converted again. */
export interface ReplaySingleOptions extends ReplayConverterOptions {
  /** Send the reports, too; needs `pending`. Default false: they are only made. */
  submit?: boolean;
  /** Why, in a few words: it is part of the key under which the reports are sent. Default 'reprocessed'. */
  reason?: string;
  /** Aborts the conversion. */
  signal?: AbortSignal;
}

/** How hard a replay may work. */
export interface ReplayPace {
  /** How many sources are converted at once, 1 to 50. Default 1. */
  concurrency?: number;
  /** How many sources are begun in a second, at most. Default: no limit. */
  maxPerSecond?: number;
  /** Ends the replay: what runs is finished or aborted, and the result says how far it came. */
  signal?: AbortSignal;
  /** Is told after each source. What it throws ends the replay. */
  onProgress?: (progress: ReplayProgress) => void;
}

/** How a range is converted again. */
export interface ReplayRangeOptions extends ReplayRange, ReplaySingleOptions, ReplayPace {
  /**
   * A name under which the progress is kept in the archive: the same call, after a crash or an abort, goes on where this
   * one was and ends with the same result. Default: nothing is kept.
   */
  run?: string;
  /** `cursor` of an earlier result: goes on after it, and counts from there. */
  cursor?: string;
  /** Is given the reports of each source, in the order in which conversions end. */
  onConverted?: (replayed: ReplayedSource) => void | Promise<void>;
}

/** Where a replay stands. */
export interface ReplayProgress {
  /** How many entries there are in the range. */
  total: number;
  /** How many of them are done: `successful + failed + skipped`. */
  processed: number;
  successful: number;
  failed: number;
  skipped: number;
  /** The entry that was done last. */
  archiveId: string;
  /** Entries in a second, since this call began. */
  perSecond: number;
  /** How long the rest takes at this rate, in ms. */
  remainingMs: number;
}

/** What became of one source. */
export interface ReplayedSource {
  archiveId: string;
  /** `purged`: its content is gone. */
  status: 'success' | 'failed' | 'skipped' | 'purged';
  /** The converter that it was converted with. */
  version: string;
  /** What was made of it. */
  reports: readonly unknown[];
  /** Why it failed. */
  error?: Error;
  /** Why it was skipped: the converter's own words, or that it is purged. */
  reason?: string;
  /** The keys under which its reports were enqueued, in order. */
  submitted: readonly string[];
  durationMs: number;
}

/** An entry that was not converted, and why. */
export interface ReplayNote {
  archiveId: string;
  message: string;
}

/** What a replay came to. */
export interface ReplayResult {
  /** Entries in the range. */
  total: number;
  /** Entries that are done: `successful + failed + skipped`. Less than `total` when it was aborted. */
  processed: number;
  successful: number;
  failed: number;
  /** Not converted: the converter skipped, suspended or rejected it, or its content is purged. */
  skipped: number;
  /** How long it took, without the time between an abort and going on. */
  durationMs: number;
  /** The entries that failed, the first 10,000. */
  errors: ReplayNote[];
  /** The entries that the converter skipped, suspended or rejected, the first 10,000. */
  notConverted: ReplayNote[];
  /** The entries whose content is purged, the first 10,000. They count as skipped. */
  purged: string[];
  /** How many reports were enqueued. */
  submitted: number;
  /** False when it was aborted. */
  complete: boolean;
  /** Goes on after the last entry that counts here. */
  cursor: string | undefined;
}

/** How long a replay will take. */
export interface ReplayEstimate {
  entries: number;
  /** How many of them have a recorded duration. */
  measured: number;
  /** Mean duration of a conversion, in ms; 0 when none was recorded. */
  averageMs: number;
  /** For all of them, in ms, at the given concurrency and rate. */
  durationMs: number;
}

/** How versions are compared. */
export interface ReplayCompareOptions extends ReplayRange, ReplayConverterOptions, ReplayPace {
  /**
   * What to compare with: the archived reports, or a version of the converter. Default: the archived reports, and where
   * an entry has none, the version that it was converted with.
   */
  baseline?: 'archived' | { version: string };
  /** Numbers are the same when they differ by no more than this share. Default 1e-9. */
  tolerance?: number;
  /** Paths that do not matter; see `CompareOptions` of `millrace/report`. */
  ignore?: readonly string[];
  /** Is told of each entry that differs. */
  onDifference?: (entry: EntryComparison) => void;
  /** How many entries with differences the result lists. Default 1,000; all are counted and summed up. */
  maxEntries?: number;
}

/** A difference, and in which report of the source. */
export interface EntryDifference extends ReportDifference {
  /** Position of the report. */
  report: number;
}

/** An entry whose reports are not the same. */
export interface EntryComparison {
  archiveId: string;
  serialNumber: string | null;
  differences: readonly EntryDifference[];
}

/** One change, in all the entries that have it. */
export interface DifferenceSummary {
  kind: ReportDifference['kind'];
  /** Where, the same for all units: elements without a name are `[*]`. */
  path: string;
  concerns: ReportDifference['concerns'];
  /** How many entries have it. */
  entries: number;
  /** How often it was found. */
  count: number;
  /** What it was and is in the first entry. */
  before?: unknown;
  after?: unknown;
  /** The first entries that have it, at most 5. */
  examples: string[];
}

/** What a comparison came to. */
export interface ReplayComparison {
  total: number;
  /** Converted and compared: `identical + different`. */
  compared: number;
  identical: number;
  different: number;
  failed: number;
  /** Not compared: purged, not converted, or nothing to compare with. */
  skipped: number;
  durationMs: number;
  errors: ReplayNote[];
  /** Why entries were not compared. */
  notCompared: ReplayNote[];
  /** Entries that differ, at most `maxEntries`. */
  entries: EntryComparison[];
  /** Every kind of change, the most frequent first; at most 1,000. */
  summary: DifferenceSummary[];
  /** False when it was aborted. */
  complete: boolean;
}

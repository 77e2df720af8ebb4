/** The numbers of a pool: what `metrics()` gives, and what every exporter is made from. */

import type { ArchiveTraffic } from '../archive/index.js';
import type { FileState } from '../ledger/file-record.js';
import type { EventLoopMetrics } from '../observe/event-loop.js';
import type { Health } from '../observe/health.js';
import type { HistogramSnapshot } from '../observe/histogram.js';
import type { QueueStatistics } from '../pending/index.js';
import type { ConverterCounts } from './monitor.js';

/** Numbers about one converter since the start of the process. */
export interface ConverterMetrics extends ConverterCounts {
  /** How long its conversions took. */
  duration: HistogramSnapshot;
}

/** Numbers about one archive since the start of the process. */
export interface ArchiveMetrics extends ArchiveTraffic {
  directory: string;
  /** It cannot be written at the moment, so originals are not archived. */
  paused: boolean;
}

/** A snapshot of a pool. Counts are since the start of the process, unless it says otherwise. */
export interface PoolMetrics {
  /** When it was taken, in epoch ms. */
  at: number;
  health: Health;
  /** Files that were ever seen, by their state now; absent while the pool does not run. */
  files?: Readonly<Record<FileState, number>>;
  converters: Readonly<Record<string, ConverterMetrics>>;
  /** Files that wait for a worker, and those that a worker has. */
  workers: { waiting: number; busy: number; limit: number };
  /** The pending queue. */
  pending: QueueStatistics;
  /** The pool's archive, and those of converters that have their own. */
  archives: readonly ArchiveMetrics[];
  /** Events `error` by code. */
  errors: Readonly<Record<string, number>>;
  /** Watch, done and error folders that are in trouble now. */
  blindFolders: readonly string[];
  /** The disk of the data folder; absent before the first file. */
  disk?: { freeBytes: number; thresholdBytes: number };
  process: {
    eventLoop: EventLoopMetrics;
    /** What keeps Node busy, by kind: timers, sockets, watches, threads. */
    openHandles: Readonly<Record<string, number>>;
    /** Open files and sockets of the process, where the system tells (Linux). */
    openFileDescriptors?: number;
    residentMemoryBytes: number;
  };
}

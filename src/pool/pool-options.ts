/** What a pool is configured with. */
import type { ArchiveStorage, RetentionEngine } from '../archive/index.js';
import type { Clock } from '../clock.js';
import type { ConverterBase } from '../converters/converter-base.js';
import type { PostProcessAction } from '../converters/converter-result.js';
import type { ConverterModule } from '../converters/isolation/converter-module.js';
import type { Schedule } from '../converters/scheduled-converter.js';
import type { DiscoveryOptions } from '../discovery/discovery-options.js';
import type { StartWatch } from '../discovery/watch.js';
import type { FileSystem } from '../files/file-system.js';
import type { Logger } from '../observe/logger.js';
import type { PendingQueue } from '../pending/index.js';
import type { SubmitFunction, Submitter } from '../submit/index.js';
import type { ConverterArchiving } from './archive-options.js';
import type { ConverterCompanions } from './companion-options.js';
import type { HealthOptions } from './health-options.js';
import type { IsolationOptions } from './isolation-options.js';
import type { ConverterShadow } from './shadow-options.js';

/** One converter with its folders. */
export interface ConverterOptions
  extends DiscoveryOptions,
    ConverterCompanions,
    ConverterArchiving,
    ConverterShadow,
    IsolationOptions {
  /** The converter, or, where it runs in workers, its module. Its name must be unique in the pool. */
  // biome-ignore lint/suspicious/noExplicitAny: converters of every report and argument type are taken.
  converter: ConverterBase<any, any> | ConverterModule;
  /**
   * The folder that is watched. Several converters may share one. It need not exist yet: it is picked up when it does.
   * Required, but for a `ScheduledConverter`, which puts what it pulls there: by default in `{dataDir}/pulled`.
   */
  watchFolder?: string;
  /** When a `ScheduledConverter` pulls. Default: the converter's own. */
  schedule?: Schedule;
  /** Where sources go with `move` and `zip`. Default: `Done` beside the watch folder. Created when first needed. */
  doneFolder?: string;
  /** Where failed sources go, each with a `.error` file. Default: `Error` beside the watch folder. */
  errorFolder?: string;
  /** Where suspended sources wait. Default: `Pending` beside the watch folder. */
  pendingFolder?: string;
  /**
   * What happens to a source once its reports are durable; with `delete`, once they are delivered or it is in the archive.
   * `archive` removes it when its archived copy was read back and compared. Default 'move'.
   */
  postProcess?: PostProcessAction;
  /** From 1 to 10; 10 goes first, and waiting raises it slowly. Default: the converter's own. */
  priority?: number;
  /** Arguments for the converter, over those that it was constructed with. */
  arguments?: Record<string, unknown>;
  /** Confidence of `validate()` below which a warning is evented (`lowConfidence`), 0 to 1. Default 0.5. */
  alarmThreshold?: number;
  /** Confidence of `validate()` below which a file is rejected, 0 to 1. Default 0.2. */
  rejectThreshold?: number;
  /** How often a file is tried again after the first attempt. Default 3. */
  maxRetries?: number;
  /** How long a file waits to be tried again, in ms, unless the converter says. Default 60,000. */
  retryDelayMs?: number;
  /** How long one conversion may take, in ms. Default 300,000. */
  timeoutMs?: number;
  /** What happens to a file whose content was delivered before: 'skip' cleans it up without a report. Default 'skip'. */
  duplicates?: 'skip' | 'deliver';
}

/** The scan of what is already there at the start. */
export interface StartupScanOptions {
  /** Default true. When false, files that are already there are found by the first rescan. */
  enabled?: boolean;
  /** How long it may take before work begins, in ms; what it has not reached follows in the background. Default 30,000. */
  timeoutMs?: number;
  /** How many files it queues before work begins; 0 is without limit, which is the default. The rest follows in the background. */
  maxFiles?: number;
}

/** How long the ledger remembers what is done. */
export interface LedgerRetention {
  /** Finished files are forgotten after so many days. Default 365. */
  keepDays?: number;
  /** And when there are more than so many. Default 1,000,000. */
  maxRows?: number;
}

/** Options of an `AsyncConverterPool`. */
export interface PoolOptions {
  /** The folder of the ledger, private to one pool at a time. */
  dataDir: string;
  converters: readonly ConverterOptions[];
  /** The queue that delivers the reports. The pool starts and stops it. */
  pending?: PendingQueue;
  /** In place of `pending`: the pool makes a queue of its own in `{dataDir}/pending`. */
  submitter?: Submitter | SubmitFunction;
  /** Where originals and reports are kept. The pool opens it and leaves it open: close it after the pool was stopped. */
  archive?: ArchiveStorage;
  /** Purges what is archived, once an hour. The pool starts and stops it; start it before the pool for another interval. */
  retention?: RetentionEngine;
  /** How many files are worked on at once, 1 to 50. Default 10. */
  concurrency?: number;
  /** The station's name for converters. Default: the host name. */
  stationName?: string;
  startupScan?: StartupScanOptions;
  ledger?: LedgerRetention;
  /** While only the server is away: 'queue' goes on converting into the pending queue, 'hold' waits. Default: the queue's own. */
  offlinePolicy?: 'queue' | 'hold';
  /** Intake pauses while the disk of `dataDir` has less than this, in bytes. Default 100 MiB; 0 switches it off. */
  minFreeBytes?: number;
  /** How often a folder that was away is looked for, in ms. Default 5,000. */
  probeIntervalMs?: number;
  /** A file operation that takes longer is told of, once, as `slowOperation`, in ms; 0 switches that off. Default 10,000. */
  slowOperationMs?: number;
  /** When another pool owns `dataDir`: fail at once, or wait as a hot standby. Default 'fail'. */
  onLocked?: 'fail' | 'wait';
  /** From where on `health()` is not good. */
  health?: HealthOptions;
  /** pino's call shape; `console` fits. Its secrets are hidden and repeated warnings collapsed. Default: silent. */
  logger?: Logger;
  /** Default: the machine's. */
  clock?: Clock;
  /** Default: the machine's. */
  fs?: FileSystem;
  /** Where native file events come from; a seam for tests. Default: chokidar. */
  startWatch?: StartWatch;
}

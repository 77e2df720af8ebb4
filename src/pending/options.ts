/** The options of the pending queue, their defaults and their checks. */
import { type Clock, systemClock } from '../clock.js';
import { ConfigError, type ConfigProblem } from '../errors.js';
import { type FileSystem, nodeFileSystem } from '../files/file-system.js';
import { hostLogger } from '../observe/host-logger.js';
import { LateLogger } from '../observe/late-logger.js';
import type { Logger } from '../observe/logger.js';
import { type Hide, hidePatterns } from '../observe/secrets.js';
import type { SubmitFunction, Submitter } from '../submit/submitter.js';
import type { RetryOptions } from './retry-policy.js';
import type { DrainOrder } from './waiting-list.js';

/** When sending stops because the server is in trouble. */
export interface BreakerOptions {
  /** How many transient failures in a row open the breaker. Default 5. */
  failureThreshold?: number;
  /** How long an open breaker waits before it lets a single probe through, in ms. Default 60,000. */
  resetTimeoutMs?: number;
}

/** What the pool does with new files while only the server is away. */
export type OfflinePolicy = 'queue' | 'hold';

/** Options of the pending queue. */
export interface PendingQueueOptions {
  /** The folder of the queue; it is created. One process at a time may use it. */
  directory: string;
  /** Carries the reports: a {@link Submitter} or its `submit` as an async function. */
  submitter: Submitter | SubmitFunction;
  /** How many reports are sent at the same time. Default 5. */
  concurrency?: number;
  /** How many reports may wait. Default 1,000,000. */
  maxSize?: number;
  /** How many bytes may wait. Default: no limit but the disk's. */
  maxBytes?: number;
  /** How much must stay free on the disk, in bytes. Default 100 MiB. */
  minFreeBytes?: number;
  /** How much must stay free on the disk, in percent. Default 0. */
  minFreePercent?: number;
  /** Size of the file that is given up so that bookkeeping can go on when the disk is full, in bytes; 0 for none. Default 1 MiB. */
  reserveBytes?: number;
  /** After how many failed attempts a report goes to `.error`. Default: never, transient trouble is retried for ever. */
  maxAttempts?: number;
  /** How often an unreachable folder or a server that refused our credentials is looked at again, in ms. Default 30,000. */
  probeIntervalMs?: number;
  /** How often the folder is looked through for files that somebody put there, in ms. Default 30,000. */
  rescanIntervalMs?: number;
  /** The order within a priority. Default `oldest-first`. */
  drain?: DrainOrder;
  /** Read by the pool: convert on while the server is away (`queue`, the default) or leave files where they are (`hold`). */
  offlinePolicy?: OfflinePolicy;
  /** Keep delivered reports as `.completed`. Default false: they are removed. */
  keepCompleted?: boolean;
  /** Take the same content only once while it waits. Applies to reports that are given no id of their own. Default true. */
  dedupe?: boolean;
  retry?: RetryOptions;
  breaker?: BreakerOptions;
  /** Default: the machine's file system. */
  fs?: FileSystem;
  /** Default: the machine's clock. */
  clock?: Clock;
  /** Default: that of the pool which uses the queue, else silent. */
  logger?: Logger;
  /** Source of jitter, from 0 to below 1. Default `Math.random`. */
  random?: () => number;
}

/** The options with every default filled in. */
export type ResolvedOptions = Required<Omit<PendingQueueOptions, 'retry' | 'breaker'>> & {
  retry: Required<RetryOptions>;
  breaker: Required<BreakerOptions>;
};

/** Fills in defaults and checks everything. @throws {ConfigError} naming every option that is wrong. */
export function resolveOptions(given: PendingQueueOptions): ResolvedOptions {
  const clock = given.clock ?? systemClock;
  const options: ResolvedOptions = {
    directory: given.directory,
    submitter: given.submitter,
    concurrency: given.concurrency ?? 5,
    maxSize: given.maxSize ?? 1_000_000,
    maxBytes: given.maxBytes ?? Number.POSITIVE_INFINITY,
    minFreeBytes: given.minFreeBytes ?? 100 * 1024 * 1024,
    minFreePercent: given.minFreePercent ?? 0,
    reserveBytes: given.reserveBytes ?? 1024 * 1024,
    maxAttempts: given.maxAttempts ?? Number.POSITIVE_INFINITY,
    probeIntervalMs: given.probeIntervalMs ?? 30_000,
    rescanIntervalMs: given.rescanIntervalMs ?? 30_000,
    drain: given.drain ?? 'oldest-first',
    offlinePolicy: given.offlinePolicy ?? 'queue',
    keepCompleted: given.keepCompleted ?? false,
    dedupe: given.dedupe ?? true,
    retry: {
      baseDelayMs: given.retry?.baseDelayMs ?? 1_000,
      maxDelayMs: given.retry?.maxDelayMs ?? 300_000,
      budgetPerMinute: given.retry?.budgetPerMinute ?? 300,
    },
    breaker: {
      failureThreshold: given.breaker?.failureThreshold ?? 5,
      resetTimeoutMs: given.breaker?.resetTimeoutMs ?? 60_000,
    },
    fs: given.fs ?? nodeFileSystem,
    clock,
    logger: given.logger ? hostLogger(given.logger, clock, hideSecretsOf(given.submitter)) : new LateLogger(),
    random: given.random ?? Math.random,
  };
  const problems = findProblems(options);
  if (problems.length > 0) throw new ConfigError(problems);
  return options;
}

/** What the submitter knows to be secret, and what looks like it, is hidden. */
function hideSecretsOf(submitter: PendingQueueOptions['submitter']): Hide {
  return text => hidePatterns(typeof submitter === 'function' ? text : (submitter?.hideSecrets?.(text) ?? text));
}

function findProblems(options: ResolvedOptions): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const check = (path: string, fine: boolean, message: string) => {
    if (!fine) problems.push({ path, message });
  };
  const { submitter, retry, breaker } = options;
  check('directory', typeof options.directory === 'string' && options.directory !== '', 'must be the path of a folder');
  const submits = typeof submitter === 'function' || typeof submitter?.submit === 'function';
  check('submitter', submits, 'must be an async function or have a submit function');
  check(
    'concurrency',
    Number.isInteger(options.concurrency) && options.concurrency > 0,
    'must be a whole number above 0',
  );
  for (const path of ['minFreeBytes', 'minFreePercent', 'reserveBytes'] as const) {
    check(path, options[path] >= 0 && Number.isFinite(options[path]), 'must be a number, 0 or above');
  }
  for (const path of ['maxSize', 'maxBytes', 'maxAttempts', 'probeIntervalMs', 'rescanIntervalMs'] as const) {
    check(path, options[path] > 0, 'must be a number above 0');
  }
  check('drain', ['oldest-first', 'newest-first'].includes(options.drain), "must be 'oldest-first' or 'newest-first'");
  check('offlinePolicy', ['queue', 'hold'].includes(options.offlinePolicy), "must be 'queue' or 'hold'");
  check('retry.baseDelayMs', retry.baseDelayMs >= 0, 'must be a number of ms, 0 or above');
  check('retry.maxDelayMs', retry.maxDelayMs >= 0, 'must be a number of ms, 0 or above');
  check('retry.budgetPerMinute', retry.budgetPerMinute > 0, 'must be a number above 0');
  const { failureThreshold } = breaker;
  check(
    'breaker.failureThreshold',
    Number.isInteger(failureThreshold) && failureThreshold > 0,
    'must be a whole number above 0',
  );
  check('breaker.resetTimeoutMs', breaker.resetTimeoutMs >= 0, 'must be a number of ms, 0 or above');
  return problems;
}

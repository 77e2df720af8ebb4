/** What hosts and the pool see of the pending queue: items, outcomes, statistics, events. */
import type { ErrorCode } from '../error-codes.js';
import type { MillraceError, SubmitError } from '../errors.js';
import type { DiskSpaceEvent } from '../files/disk-space.js';
import type { ErrorEvent } from '../observe/emitter.js';
import type { HistogramSnapshot } from '../observe/histogram.js';
import type { SubmitResult } from '../submit/submitter.js';
import type { BreakerState } from './gate.js';
import type { ItemState } from './item-name.js';

/** What can be said about a report beside its content. */
export interface EnqueueOptions {
  /** 1 to 100 characters of `A-Z a-z 0-9 _ -`, unique among the reports that wait. Default: a UUID of version 7. */
  id?: string;
  /** Sent with every attempt, so that the server can recognise a repetition. Default: the id. */
  idempotencyKey?: string;
  /** 1 to 10; 10 goes first. Default 5. */
  priority?: number;
  /** Kept beside the report and given to the settle handler. Must be JSON. */
  metadata?: Record<string, unknown>;
  /**
   * Appears in every event and log line about the report. After a restart the settle handler is asked for it
   * (`correlationIdOf`), else it is the id. Default: the id.
   */
  correlationId?: string;
  /** The idempotency key of an earlier report that this one takes the place of. The submitter is told with every attempt. */
  supersedes?: string;
}

/** What `enqueue` resolves with once the report is on the disk. */
export interface EnqueueResult {
  id: string;
  /** The file that holds it now. */
  path: string;
  /** The same report waited already: nothing was written, `id` is that report's. */
  duplicate: boolean;
}

/** What `deliver` resolves with. */
export type DeliverResult =
  | { outcome: 'delivered'; id: string; serverId?: string; response?: unknown }
  | { outcome: 'queued'; id: string; reason: string }
  | { outcome: 'refused'; id: string; error: SubmitError };

/** A report that the queue holds. */
export interface PendingItem {
  id: string;
  state: ItemState;
  /** The file that holds it now. */
  path: string;
  priority: number;
  /** How many attempts have failed. */
  attempts: number;
  /** Epoch ms. */
  enqueuedAt: number;
  /** Ms until the next attempt is due; 0 when it is. Only for `queued`. */
  dueInMs?: number;
  /** Bytes, where known. */
  size?: number;
}

/** An item whose outcome is known, with all that was kept beside it. */
export interface SettledItem extends PendingItem {
  idempotencyKey: string;
  correlationId: string;
  metadata?: Record<string, unknown>;
}

/** Is told of every outcome before the queue forgets it. Must be idempotent: after a crash it is told again. */
export interface SettleHandler {
  /** `result.id` is absent when the process died right after the server had answered. */
  delivered(item: SettledItem, result: { serverId?: string; response?: unknown }): Promise<void>;
  /** The report was refused, gave up after `maxAttempts`, or its file is damaged. It is kept as `.error`. */
  refused(item: SettledItem, error: MillraceError): Promise<void>;
  /** What a report is called in events and logs, where an earlier process put it into the queue. */
  correlationIdOf?(id: string): Promise<string | undefined>;
}

/** Where the queue stands: `offline` when the server, our right to use it, or the folder is missing. */
export type QueueState = 'running' | 'paused' | 'offline' | 'stopped';

/** Which reports `list` shows. */
export interface ListOptions {
  state?: ItemState;
  /** Default 100. */
  limit?: number;
  /** The `nextCursor` of the page before. */
  cursor?: string;
}

/** Which of the `.error` reports `retryFailed` brings back. Without any field: all. */
export interface FailedFilter {
  ids?: readonly string[];
  /** Only those that failed with this code, such as `SUBMIT_REFUSED`. */
  code?: ErrorCode;
}

/** Numbers about the queue; counts without a state are since the start of the process. */
export interface QueueStatistics {
  queued: number;
  processing: number;
  error: number;
  /** Delivered, and the settle handler has not taken note yet. */
  completed: number;
  /** Bytes that wait. After a start it grows to the truth within moments, while file sizes are read. */
  bytes: number;
  /** Age of the oldest report that waits, in ms; 0 when none does. */
  oldestAgeMs: number;
  state: QueueState;
  breaker: BreakerState;
  /** How many may be sent at the same time now; below `concurrency` after trouble. */
  concurrencyLimit: number;
  sending: number;
  enqueued: number;
  delivered: number;
  refused: number;
  attempts: number;
  retries: number;
  duplicates: number;
  corrupted: number;
  vanished: number;
  diskLow: boolean;
  /** Free bytes on the disk, and how many must stay free, as last measured; absent before the first report. */
  disk?: { freeBytes: number; thresholdBytes: number };
  /** How long requests took, whatever the answer was. */
  submitLatency: HistogramSnapshot;
  /** Mean of the last 50 requests of the last five minutes, in ms; 0 when there were none. */
  recentLatencyMs: number;
  /** How far our clock is ahead of the server's, in ms, where the submitter knows. */
  clockSkewMs?: number;
  /** Why the queue cannot send now, and whether our credentials are the cause; absent when it can. */
  offline?: { reason: string; unauthorized: boolean };
}

/** Events of the queue. Every payload that is about one report has its `correlationId`. */
export interface PendingQueueEvents {
  /** A report is on the disk. */
  enqueued: { id: string; path: string; priority: number; correlationId: string };
  /** The server has accepted a report. `direct`: without the disk, by `deliver`. */
  submitted: {
    id: string;
    attempts: number;
    attemptId: string;
    durationMs: number;
    direct: boolean;
    correlationId: string;
  } & SubmitResultFields;
  /** A report was not accepted and is tried again. `attempts` have failed. */
  retrying: {
    id: string;
    attempts: number;
    /** `Infinity` unless the queue was given a limit. */
    maxAttempts: number;
    /** The attempt that failed. The next one has a new id. */
    attemptId: string;
    delayMs: number;
    error: SubmitError;
    correlationId: string;
  };
  /** A report went to `.error`. `attemptId`: of the last attempt; absent when the file was never sent. */
  failed: {
    id: string;
    path: string;
    attempts: number;
    attemptId?: string;
    error: MillraceError;
    correlationId: string;
  };
  /** A file is not a readable report. */
  corrupted: { id: string; path: string; error: MillraceError; correlationId: string };
  /** A file was renamed or removed by somebody else. */
  vanished: { id: string; path: string; correlationId: string };
  /** Transient failures in a row: nothing is sent, until a probe gets through. */
  breakerOpened: { error: SubmitError | undefined; resetTimeoutMs: number };
  /** A probe is on its way. */
  breakerHalfOpen: { afterMs: number };
  /** The server answers again. */
  breakerClosed: { afterMs: number };
  /** The server, our right to use it, or the folder is missing. */
  offline: { reason: string; error?: Error };
  /** Reports can be sent again. */
  online: { afterMs: number };
  /** The folder was read after a start or a return. */
  recovered: { queued: number; takenBack: number; failed: number; unsettled: number; durationMs: number };
  /** A report was turned away for want of room; told once until there is room again. */
  full: { size: number; bytes: number };
  /** `high`: stop producing; not `high`: go on. */
  pressure: { high: boolean; size: number; bytes: number };
  /** Nothing waits any more. */
  idle: { delivered: number };
  /** Less space is free than is to be left: no report is taken. */
  diskLow: DiskSpaceEvent;
  /** There is space again. */
  diskRecovered: DiskSpaceEvent;
  /** Trouble in the background that no caller could be told of; it is tried again. */
  error: ErrorEvent;
}

/** What the server said of an accepted report. */
export type SubmitResultFields = { serverId?: string; response?: SubmitResult['response'] };

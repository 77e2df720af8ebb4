/** What the parts of the queue share. */
import type { DiskSpaceMonitor } from '../files/disk-space.js';
import type { Submitter } from '../submit/submitter.js';
import type { Gate } from './gate.js';
import type { Item } from './item.js';
import type { ItemFolder } from './item-folder.js';
import type { ItemIndex } from './item-index.js';
import type { Latency } from './latency.js';
import type { ResolvedOptions } from './options.js';
import type { RetryBudget } from './retry-budget.js';
import type { PendingItem, PendingQueueEvents } from './types.js';

/** Counts since the start of the process. */
interface Counters {
  enqueued: number;
  delivered: number;
  refused: number;
  attempts: number;
  retries: number;
  duplicates: number;
  corrupted: number;
  vanished: number;
}

export function zeroes(): Counters {
  return {
    enqueued: 0,
    delivered: 0,
    refused: 0,
    attempts: 0,
    retries: 0,
    duplicates: 0,
    corrupted: 0,
    vanished: 0,
  };
}

export interface Core {
  readonly options: ResolvedOptions;
  readonly submitter: Submitter;
  readonly index: ItemIndex;
  readonly folder: ItemFolder;
  readonly gate: Gate;
  readonly budget: RetryBudget;
  readonly space: DiskSpaceMonitor;
  readonly counters: Counters;
  readonly latency: Latency;
  /** Aborts requests when the queue has to stop now. */
  readonly abort: AbortController;
  notify<K extends keyof PendingQueueEvents & string>(event: K, payload: PendingQueueEvents[K]): void;
  /** @throws {ServiceError} `FOLDER_MISSING` while the folder is not ours to write to. */
  assertFolder(): void;
  /** Asks whether the folder itself is away, after a file in it was not found; if it is, the queue goes offline. */
  folderIsGone(): Promise<boolean>;
}

/** An item as hosts see it. */
export function toPendingItem({ folder, options }: Pick<Core, 'folder' | 'options'>, item: Item): PendingItem {
  const { id, state, priority, attempts, enqueuedAt, bytes, notBefore, name } = item;
  return {
    id,
    state,
    path: folder.path(name),
    priority,
    attempts,
    enqueuedAt,
    ...(state === 'queued' ? { dueInMs: Math.max(0, notBefore - options.clock.monotonic()) } : {}),
    ...(bytes === -1 ? {} : { size: bytes }),
  };
}

/** The durable outbox. */
export type { DiskSpaceEvent } from '../files/disk-space.js';
export type { BreakerState } from './gate.js';
export type { ItemState } from './item-name.js';
export type { BreakerOptions, OfflinePolicy, PendingQueueOptions } from './options.js';
export { PendingQueue } from './pending-queue.js';
export type { RetryOptions } from './retry-policy.js';
export type {
  DeliverResult,
  EnqueueOptions,
  EnqueueResult,
  FailedFilter,
  ListOptions,
  PendingItem,
  PendingQueueEvents,
  QueueState,
  QueueStatistics,
  SettledItem,
  SettleHandler,
  SubmitResultFields,
} from './types.js';
export type { DrainOrder } from './waiting-list.js';

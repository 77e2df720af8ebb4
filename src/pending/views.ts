/** What hosts see of the whole queue: its reports a page at a time, and its numbers. */
import { type Core, toPendingItem } from './core.js';
import type { Engine } from './engine.js';
import type { ListOptions, PendingItem, QueueState, QueueStatistics } from './types.js';

/** One page of reports in order of arrival. */
export function listItems(
  core: Core,
  { state, limit = 100, cursor }: ListOptions,
): { items: PendingItem[]; nextCursor?: string } {
  const after = cursor === undefined ? 0 : Number(cursor);
  const items: PendingItem[] = [];
  let last = 0;
  for (const item of core.index.all()) {
    if (item.seq <= after || (state !== undefined && item.state !== state)) continue;
    if (items.length === limit) return { items, nextCursor: String(last) };
    items.push(toPendingItem(core, item));
    last = item.seq;
  }
  return { items };
}

/** Everything that waits was tried, or the server cannot be asked. */
export function triedAll({ core, sender }: Engine, state: QueueState): boolean {
  if (sender.sending > 0) return false;
  if (state !== 'running') return core.gate.probing === false;
  // The server asked to be left alone for a while.
  if (core.gate.holdMs > 0) return true;
  return !core.index.waiting.hasReady(core.options.clock.monotonic(), true);
}

/** All numbers but the state. */
export function statisticsOf({ core, sender, offlineReason }: Engine): Omit<QueueStatistics, 'state'> {
  const { index, gate, counters, options, space, latency, submitter } = core;
  const { clockSkewMs } = submitter;
  const oldest = index.oldest();
  return {
    ...index.counts,
    bytes: index.bytes,
    oldestAgeMs: oldest ? Math.max(0, options.clock.now() - oldest.enqueuedAt) : 0,
    breaker: gate.breakerState,
    concurrencyLimit: gate.limit,
    sending: sender.sending,
    ...counters,
    diskLow: space.low,
    ...(Number.isFinite(space.freeBytes)
      ? { disk: { freeBytes: space.freeBytes, thresholdBytes: space.thresholdBytes } }
      : {}),
    submitLatency: latency.histogram.snapshot(),
    recentLatencyMs: latency.recent.summary().mean,
    ...(clockSkewMs === undefined ? {} : { clockSkewMs }),
    ...(offlineReason === undefined ? {} : { offline: { reason: offlineReason, unauthorized: gate.unauthorized } }),
  };
}

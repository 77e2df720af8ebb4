/** What hosts see of the whole queue: its reports a page at a time, and its numbers. */
import { type Core, toPendingItem } from './core.js';
import type { Engine } from './engine.js';
import type { ListOptions, PendingItem, QueueStatistics } from './types.js';

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

/** All numbers but the state. */
export function statisticsOf({ core, sender }: Engine): Omit<QueueStatistics, 'state'> {
  const { index, gate, counters, options, space } = core;
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
  };
}

/** What a plan would purge, as it is told: every entry, or the sum. */
import type { ConverterPlan, PlanChunk } from './plan.js';
import { MAX_SKIPPED } from './statistics.js';
import type { PreviewEntry, PurgePreview, SavingsEstimate, SkippedEntry } from './types.js';

type Steps = AsyncGenerator<PlanChunk, ReadonlyMap<string, ConverterPlan>>;

export async function collect(steps: Steps): Promise<Omit<PurgePreview, 'agePaused'>> {
  const entries: PreviewEntry[] = [];
  const skipped: SkippedEntry[] = [];
  let skippedCount = 0;
  let bytes = 0;
  let step = await steps.next();
  for (; !step.done; step = await steps.next()) {
    const { purges, spared } = step.value;
    for (const { entry, reason } of purges) {
      const { archiveId, converterName, archivedAt } = entry;
      entries.push({ archiveId, converterName, timestamp: new Date(archivedAt), bytes: entry.bytes, reason });
      bytes += entry.bytes;
    }
    skippedCount += spared.length;
    const named = spared.slice(0, MAX_SKIPPED - skipped.length);
    skipped.push(...named.map(({ archiveId, because }) => ({ archiveId, reason: because })));
  }
  const remaining = [...step.value].map(([converterName, plan]) => ({
    converterName,
    entries: plan.remainingEntries,
    bytes: plan.remainingBytes,
  }));
  return { entries, bytes, skipped, skippedCount, remaining };
}

/** As {@link collect}, in constant memory. */
export async function sumUp(steps: Steps): Promise<SavingsEstimate> {
  const estimate: SavingsEstimate = { archives: 0, bytes: 0, byReason: {} };
  for await (const { purges } of steps) {
    for (const { entry, reason } of purges) {
      const sum = estimate.byReason[reason] ?? { archives: 0, bytes: 0 };
      estimate.byReason[reason] = { archives: sum.archives + 1, bytes: sum.bytes + entry.bytes };
      estimate.archives += 1;
      estimate.bytes += entry.bytes;
    }
  }
  return estimate;
}

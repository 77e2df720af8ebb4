/** Purges what somebody names, under the same rule as everything else. */
import { ArchiveError } from '../../errors.js';
import type { Opened } from './opened.js';
import { AT_ONCE, type RunOrder, removeDue } from './retention-run.js';

const DAY_MS = 86_400_000;

/** @throws ArchiveError `ARCHIVE_UNKNOWN` when one is not in the archive. */
export async function rowsOf({ internals }: Opened, archiveIds: readonly string[]): Promise<number[]> {
  const rows: number[] = [];
  for (const id of archiveIds) {
    const row = await internals.context.catalog.rowOf(id);
    if (row === undefined) throw new ArchiveError('ARCHIVE_UNKNOWN', `There is no archived source '${id}'`);
    rows.push(row);
  }
  return rows;
}

export async function purgeByHand(
  { run, policies, clock }: Opened,
  order: Omit<RunOrder, 'policyOf'>,
  rows: readonly number[],
  why: string | null,
): Promise<void> {
  const alive = await run.catalog.alive(rows);
  const now = clock.now();
  const dueAt = run.gracePeriodMs === 0 ? AT_ONCE : now + run.gracePeriodMs;
  let historyId = await run.catalog.lastPurge();
  for (const converterName of new Set(alive.map(entry => entry.converterName))) {
    const { retentionDays } = policies.of(converterName);
    const before = order.doubt === undefined ? now - retentionDays * DAY_MS : Number.NEGATIVE_INFINITY;
    historyId += 1;
    const { purged, spared } = await run.purger.purge(
      alive.filter(entry => entry.converterName === converterName),
      {
        converterName,
        reason: 'manual',
        historyId,
        dueAt,
        isExpired: entry => entry.archivedAt < before,
        details: { why },
      },
    );
    order.statistics.purged(converterName, 'manual', purged, dueAt === AT_ONCE ? now : dueAt);
    for (const one of spared) order.statistics.spared(one.archiveId, one.because);
  }
  await removeDue(run, order);
}

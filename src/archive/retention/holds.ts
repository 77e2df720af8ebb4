/** Legal holds: entries that no rule and nobody purges until they are released, by what they are about. */
import { ConfigError } from '../../errors.js';
import { parseEntry } from '../catalog/stored-entry.js';
import { findEntries } from '../search.js';
import type { ArchiveFilter } from '../types.js';
import type { Opened } from './opened.js';

/** What a hold is laid on: ids, or everything that is in the archive now and fits. */
export type HoldTarget =
  | readonly string[]
  | Pick<ArchiveFilter, 'from' | 'to' | 'converterName' | 'serialNumber' | 'text'>;

/** Lays a hold on each, or ends it. Each is a record in the audit log. @returns How many were changed. */
export async function changeHolds(
  { internals }: Opened,
  target: HoldTarget,
  reason: string,
  change: 'hold' | 'release',
): Promise<number> {
  const { keeping } = internals;
  let changed = 0;
  for await (const { archiveId, held } of entriesOf(internals.context.catalog, target)) {
    if (held === (change === 'hold')) continue;
    if (change === 'hold') await keeping.hold(archiveId, 'hold', reason);
    else await keeping.release(archiveId, 'hold', reason);
    changed += 1;
  }
  return changed;
}

async function* entriesOf(
  catalog: Opened['internals']['context']['catalog'],
  target: HoldTarget,
): AsyncGenerator<{ archiveId: string; held: boolean }> {
  if (isList(target)) {
    for (const archiveId of target) {
      const entry = await catalog.entry(archiveId);
      yield entry ? parseEntry(entry) : { archiveId, held: false };
    }
    return;
  }
  if (Object.values(target).every(value => value === undefined))
    throw new ConfigError([{ path: 'target', message: 'says nothing: give ids, or what the entries have in common' }]);
  for (let cursor: string | null = null; ; ) {
    const page = await findEntries(catalog, { ...target, order: 'asc', limit: 1_000, ...(cursor ? { cursor } : {}) });
    yield* page.entries;
    cursor = page.nextCursor;
    if (cursor === null) return;
  }
}

function isList(target: HoldTarget): target is readonly string[] {
  return Array.isArray(target);
}

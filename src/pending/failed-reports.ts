/** Bringing reports back from `.error`, once the server, the data or the converter was mended. */
import type { Core } from './core.js';
import type { Item } from './item.js';
import type { FailedFilter } from './types.js';

/** Queues the chosen reports again with no failed attempts; resolves with how many. */
export async function bringBack(core: Core, { ids, code }: FailedFilter): Promise<number> {
  const chosen = ids && new Set(ids);
  const failed = [...core.index.all()].filter(item => item.state === 'error' && !item.unsettled);
  let count = 0;
  for (const item of failed) {
    if (chosen && !chosen.has(item.id)) continue;
    if (code !== undefined && (await core.folder.readExplanation(item)).code !== code) continue;
    // Another call, or a newer report under this id, may have taken it while the disk was read.
    if (item.state !== 'error' || core.index.get(item.id) !== item) continue;
    await queueAgain(core, item);
    count += 1;
  }
  return count;
}

async function queueAgain({ folder, index }: Core, item: Item): Promise<void> {
  const change = { state: 'queued', attempts: 0 } as const;
  await folder.rename(item, change);
  await folder.removeNotes(item);
  index.update(item, change);
}

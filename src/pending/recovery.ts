/** Reading the pending folder after a start: one listing says what waits, what was being sent, and what is litter. */
import { setImmediate as breathe } from 'node:timers/promises';
import { systemCode, toError } from '../errors.js';
import { removeIfThere, TEMP_SUFFIX } from '../files/atomic-write.js';
import { whileBusy } from '../files/busy.js';
import type { FileSystem } from '../files/file-system.js';
import type { Logger } from '../observe/logger.js';
import { createItem, type Item } from './item.js';
import { formatName, metaName, parseName, sidecarOwner, stemOf } from './item-name.js';

/** What the folder holds. */
export interface Recovered {
  items: Item[];
  /** How many had been taken by a process that ended. */
  takenBack: number;
}

/** After this many names the event loop gets its turn. */
const SLICE = 2_000;
/** The ending of a file whose place was taken by a newer one with the same id. */
const SUPERSEDED = '.superseded';

/** Lists the folder, gives what was being sent back to the queue, and removes temp files and orphaned sidecars. */
export async function recover(fs: FileSystem, directory: string, logger: Logger): Promise<Recovered> {
  const path = (name: string) => `${directory}/${name}`;
  const items = new Map<string, Item>();
  const stems = new Set<string>();
  const sidecars: string[] = [];
  const litter: string[] = [];
  let seen = 0;
  for (const name of await fs.readdir(directory)) {
    if (++seen % SLICE === 0) await breathe();
    const parts = parseName(name);
    if (!parts) {
      if (name.endsWith(TEMP_SUFFIX)) litter.push(name);
      else if (sidecarOwner(name) !== undefined) sidecars.push(name);
      continue;
    }
    // Kept only to be looked at; the queue is done with it.
    if (parts.state === 'completed' && !parts.unsettled) continue;
    const item = createItem(parts);
    const loser = olderOf(items.get(item.id), item);
    if (loser) await setAside(loser);
    if (loser !== item) items.set(item.id, item);
  }
  for (const item of items.values()) {
    if (item.state === 'error') stems.add(formatName({ ...item, unsettled: false }));
    if (sidecars.length > 0) stems.add(stemOf(item));
  }
  const present = new Set(sidecars);
  for (const name of sidecars) {
    if (!stems.has(sidecarOwner(name) ?? '')) litter.push(name);
  }
  if (present.size > 0) for (const item of items.values()) item.hasMeta = present.has(metaName(item));
  for (const name of litter) {
    await removeIfThere(fs, path(name)).catch(error =>
      logger.warn({ file: name, err: toError(error) }, 'Litter stays'),
    );
  }
  return { items: [...items.values()], takenBack: await takeBack() };

  async function takeBack(): Promise<number> {
    let count = 0;
    for (const item of items.values()) {
      if (item.state !== 'processing') continue;
      item.state = 'queued';
      const name = formatName(item);
      await whileBusy(() => fs.rename(path(item.name), path(name)));
      item.name = name;
      count += 1;
    }
    return count;
  }

  async function setAside(item: Item): Promise<void> {
    logger.warn({ file: item.name }, 'Two files have the same id; the older one is set aside');
    try {
      await whileBusy(() => fs.rename(path(item.name), path(item.name + SUPERSEDED)));
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  }
}

/** Of two files with one id, the one that gives way: what was given up before what waits, then the older. */
function olderOf(known: Item | undefined, found: Item): Item | undefined {
  if (!known) return undefined;
  const rank = (item: Item) => (item.state === 'error' ? 0 : 1);
  if (rank(known) !== rank(found)) return rank(known) < rank(found) ? known : found;
  return known.enqueuedAt < found.enqueuedAt ? known : found;
}

/** What `audit()` finds that is not the pool's: files in its folders, and reports in its queue, that no row knows. */
import { join } from 'node:path';
import { sleep } from '../clock.js';
import { scanFolder } from '../discovery/scan.js';
import { exists } from '../files/free-name.js';
import { isInside } from '../files/names.js';
import type { AuditDifference } from './audit.js';
import { inBatches } from './batches.js';
import type { Engine } from './engine.js';
import type { PlaceSet } from './place-set.js';

/** So many files of a folder are named; of a folder that somebody else fills nobody reads more. */
const MOST_NAMED = 100;
/** A file is moved a moment before its row says so. */
const MOVE_MS = 100;

interface Folder {
  path: string;
  what: 'done' | 'error' | 'pending';
  hint: string;
}

/** Names the files in done, error and pending folders that are no file's source. @param places Where sources lie, by the rows. */
export async function strangers(engine: Engine, places: PlaceSet, differences: AuditDifference[]): Promise<void> {
  const { fs, ledger } = engine.context;
  const since = await ledger.completeSince();
  for (const folder of foldersOf(engine)) {
    if (!(await exists(fs, folder.path))) continue;
    let named = 0;
    const names = scanFolder({ fs, root: folder.path, recursive: true, excludedFolders: [] });
    for await (const batch of inBatches(names, 256)) {
      for (const path of await unknown(engine, folder, batch, places, since)) {
        named += 1;
        if (named <= MOST_NAMED) differences.push(stranger(folder, path, 'It lies'));
        if (named === MOST_NAMED) differences.push(stranger(folder, folder.path, `More than ${MOST_NAMED} files lie`));
      }
      if (named > MOST_NAMED) break;
    }
  }
}

/** Each folder once, but for those that are watched, too, and what the queue keeps for itself. */
function foldersOf({ context, posts }: Engine): Folder[] {
  const folders = new Map<string, Folder>();
  for (const entry of context.registry.entries) {
    const put = 'Somebody put it there. Move it to the watch folder to have it converted, or remove it.';
    const theirs = `${put} If another program uses this folder, give the pool one of its own.`;
    for (const folder of [
      { path: entry.errorFolder, what: 'error', hint: put },
      { path: entry.pendingFolder, what: 'pending', hint: theirs },
      { path: entry.doneFolder, what: 'done', hint: theirs },
    ] satisfies Folder[]) {
      const root = posts.rootOf(folder.path);
      if (root && !root.excludes(folder.path)) continue;
      if (isInside(context.pending.directory, folder.path) || isInside(folder.path, context.pending.directory))
        continue;
      if (!folders.has(folder.path)) folders.set(folder.path, folder);
    }
  }
  return [...folders.values()];
}

async function unknown(
  { context }: Engine,
  { path: root, what }: Folder,
  names: readonly string[],
  places: PlaceSet,
  since: number,
): Promise<string[]> {
  const { fs, ledger, clock } = context;
  const candidates: string[] = [];
  for (const name of names) {
    if (what === 'error' && name.endsWith('.error')) continue;
    if (around(root, name).some(path => places.has(path))) continue;
    const stat = await fs.lstat(join(root, name)).catch(() => undefined);
    // In a done folder it may be from before the ledger, or its row may be compacted away: nothing can be said of it.
    if (stat && (what !== 'done' || stat.ctimeMs > since)) {
      candidates.push(name);
    }
  }
  if (candidates.length === 0) return [];
  // Moved there since the rows were read.
  await sleep(clock, MOVE_MS);
  const known = await ledger.placed(candidates.flatMap(name => around(root, name)));
  const still = await Promise.all(candidates.map(name => exists(fs, join(root, name))));
  return candidates
    .filter((name, index) => still[index] && !around(root, name).some(path => known.has(path)))
    .map(name => join(root, name));
}

/** A place and the folders around it, up to `root`: a folder is one source. */
function around(root: string, name: string): string[] {
  const parts = name.split('/');
  return parts.map((_, index) => join(root, ...parts.slice(0, parts.length - index)));
}

function stranger({ what, hint }: Folder, path: string, found: string): AuditDifference {
  const them = found === 'It lies' ? 'it' : 'them';
  return {
    kind: 'unknown-target',
    path,
    message: `${found} in the ${what} folder and the ledger does not know ${them}.`,
    hint,
  };
}

/**
 * Names the reports that were given up and that no row knows, so that nothing else tells of them. Those that wait are no
 * difference, since a queue may have other users.
 * @returns How many these are.
 */
export async function otherReports({ context }: Engine, differences: AuditDifference[]): Promise<number> {
  const { ledger, pending } = context;
  let others = 0;
  let cursor: string | undefined;
  do {
    const page = pending.list({ limit: 500, ...(cursor === undefined ? {} : { cursor }) });
    const open = page.items.filter(({ state }) => state !== 'completed');
    const known = await ledger.knownReports(open.map(({ id }) => id));
    for (const { id, path, state } of open.filter(item => !known.has(item.id))) {
      if (state !== 'error') others += 1;
      else {
        differences.push({
          kind: 'unknown-report',
          path,
          id,
          message: 'The pending queue gave it up, and no file of this pool was made into it.',
          hint: 'Read the .error.json beside it; retryFailed() sends it again. Remove it if nobody needs it.',
        });
      }
    }
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return others;
}

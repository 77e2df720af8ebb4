/**
 * Keeps chokidar from looking at files. After each event in a folder it lists that folder and stats every file in it, at
 * most once a second: with 3,000 files waiting that was four fifths of all work, and it grows with the backlog. Its own
 * book-keeping needs to know of folders alone, since files are heard of through `raw`.
 */
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { FSWatcher } from 'chokidar';

/** What chokidar asks of a listing, in both of its majors. */
interface ListingOptions {
  directoryFilter?: (entry: object) => boolean;
  depth?: number;
}

type Listing = (root: string, options: ListingOptions) => Readable | undefined;

/** The method's name in chokidar 5 and in chokidar 6. Neither is documented; where it is missing, chokidar lists as it likes. */
const LISTINGS = ['_readdirp', 'createScanStream'] as const;
const NAMES_AT_ONCE = 1_024;

/** @param recursive Whether sub-folders are of interest; without them nothing is listed at all. */
export function listFoldersOnly(watcher: FSWatcher, recursive: boolean): void {
  const open = watcher as unknown as Partial<Record<(typeof LISTINGS)[number], Listing>>;
  for (const name of LISTINGS) {
    const original = open[name]?.bind(watcher);
    if (!original) continue;
    open[name] = (root, options) =>
      // A whole tree at once is asked for only where one native watch covers it.
      (options.depth ?? 0) > 0 ? original(root, options) : Readable.from(recursive ? foldersIn(root, options) : []);
  }
}

async function* foldersIn(root: string, { directoryFilter }: ListingOptions): AsyncGenerator<object> {
  for await (const child of await opendir(root, { bufferSize: NAMES_AT_ONCE })) {
    if (!child.isDirectory()) continue;
    const fullPath = join(root, child.name);
    const entry = { path: child.name, basename: child.name, fullPath, stats: await lstat(fullPath) };
    if (!directoryFilter || directoryFilter(entry)) yield entry;
  }
}

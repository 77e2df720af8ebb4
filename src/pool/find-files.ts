/** Every file below a watch folder that is a converter's and not in hand yet, oldest first. */
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import { systemCode, toError } from '../errors.js';
import type { FileStat, FileSystem } from '../files/file-system.js';
import { inBatches, mapConcurrently } from './batches.js';
import type { ConverterEntry } from './converter-entry.js';
import type { Roster } from './roster.js';

/** A watch folder as intake sees it. */
export interface IntakeRoot {
  readonly root: string;
  /** Every file that is there, relative to the root. `onError` is told of sub-folders that cannot be listed. */
  list(signal?: AbortSignal, onError?: (error: Error, path: string) => void): AsyncIterable<string>;
  /** Whether a path (absolute) lies in a folder that is not watched. */
  excludes(path: string): boolean;
  /** The converter whose file this is, by its path relative to the root. */
  route(path: string): ConverterEntry | undefined;
}

/** A file found on the disk. */
export interface Found {
  path: string;
  entry: ConverterEntry;
  stat: FileStat;
}

/** Names that are routed at a time before the event loop gets a turn. */
const NAMES_BATCH = 512;
const STATS_AT_ONCE = 32;

/** Finds them. Adds what it looked at, and what could not be looked at, to `count`. */
export async function findFiles(
  root: IntakeRoot,
  options: {
    fs: FileSystem;
    clock: Clock;
    roster: Roster;
    signal: AbortSignal;
    onError: (error: Error, path: string) => void;
  },
  count: { scanned: number; errors: number },
): Promise<Found[]> {
  const { fs, clock, roster, signal } = options;
  const found: Found[] = [];
  const failed = (error: Error, path: string): void => {
    count.errors += 1;
    options.onError(error, path);
  };
  for await (const names of inBatches(root.list(signal, failed), NAMES_BATCH)) {
    count.scanned += names.length;
    const now = Math.round(clock.monotonic());
    const routed = names.flatMap(path => {
      const inHand = roster.at(join(root.root, path));
      if (inHand) inHand.presentAt = now;
      return inHand ? [] : [{ path, entry: root.route(path) }];
    });
    await mapConcurrently(routed, STATS_AT_ONCE, async ({ path, entry }) => {
      if (!entry) return;
      const absolute = join(root.root, path);
      try {
        const stat = await fs.lstat(absolute);
        if (stat.isFile()) found.push({ path, entry, stat });
      } catch (thrown) {
        // Gone since it was listed: often we have moved it ourselves.
        if (systemCode(thrown) === 'ENOENT') count.errors += 1;
        else failed(toError(thrown), absolute);
      }
    });
    if (signal.aborted) break;
  }
  // Names break ties, so that a burst within one tick of the clock keeps the order of its names.
  return found.sort((a, b) => a.stat.mtimeMs - b.stat.mtimeMs || (a.path < b.path ? -1 : 1));
}

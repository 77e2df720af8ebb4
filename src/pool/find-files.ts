/** Every file, or other unit, below a watch folder that is a converter's and not in hand yet, oldest first. */
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import type { Look } from '../discovery/look.js';
import { toError } from '../errors.js';
import type { FileSystem } from '../files/file-system.js';
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
  /** The unit to which a file belongs, by its path relative to the root. */
  route(path: string): Unit | undefined;
  /** The units of which a file of this path may be a companion. */
  accompanied(path: string): string[];
}

/** A unit that may be there, and whose it is. */
export interface Unit {
  /** Relative to the watch folder, with `/`. */
  path: string;
  entry: ConverterEntry;
}

/** A unit found on the disk. */
export interface Found extends Unit {
  look: Look;
}

/** The unit that a path, relative to the root, is or lies in. */
export function unitAt(root: IntakeRoot, path: string): Unit | undefined {
  // A folder is found by what would lie in it.
  const around = root.route(`${path}/-`);
  return around && around.path !== `${path}/-` ? around : root.route(path);
}

/** Looks at a unit for the first time. */
export function lookAtUnit(fs: FileSystem, { root }: IntakeRoot, { path, entry }: Unit): Promise<Look | undefined> {
  return entry.unit.look(fs, join(root, path), 0);
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
  // Many files may be one unit.
  const looked = new Set<string>();
  const failed = (error: Error, path: string): void => {
    count.errors += 1;
    options.onError(error, path);
  };
  for await (const names of inBatches(root.list(signal, failed), NAMES_BATCH)) {
    count.scanned += names.length;
    const now = Math.round(clock.monotonic());
    const units = names.flatMap(name => {
      const known = roster.at(join(root.root, name));
      const unit = known ? undefined : root.route(name);
      const inHand = known ?? (unit && unit.path !== name ? roster.at(join(root.root, unit.path)) : undefined);
      if (inHand) inHand.presentAt = now;
      if (inHand || !unit || looked.has(unit.path)) return [];
      if (unit.path !== name) looked.add(unit.path);
      return [unit];
    });
    await mapConcurrently(units, STATS_AT_ONCE, async unit => {
      try {
        const look = await lookAtUnit(fs, root, unit);
        if (look) found.push({ ...unit, look });
        // Gone since it was listed: often we have moved it ourselves.
        else count.errors += 1;
      } catch (thrown) {
        failed(toError(thrown), join(root.root, unit.path));
      }
    });
    if (signal.aborted) break;
  }
  // Names break ties, so that a burst within one tick of the clock keeps the order of its names.
  return found.sort((a, b) => a.look.identity.mtimeMs - b.look.identity.mtimeMs || (a.path < b.path ? -1 : 1));
}

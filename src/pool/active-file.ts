/** A file that the pool has in hand: its row, and what only this process needs to know of it. */
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../clock.js';
import type { FileRecord, FileState } from '../ledger/file-record.js';
import type { ConverterEntry } from './converter-entry.js';

/** Lives from the moment a file is seen until its row is in an end state or its reports are on their way. */
export interface ActiveFile {
  /** Its row as last written. */
  record: FileRecord;
  /** Its converter; of several that are still to be asked, the first. */
  entry: ConverterEntry;
  /** Finer than the row's: `growing`, `ready` and `queued` are known here alone. */
  state: FileState;
  /** Absolute path in the watch folder: what users know it by. */
  readonly path: string;
  /** Where its bytes are: there, or in the error or pending folder from which it was taken back. */
  location: string;
  /** Absolute paths of its companions, beside `path`, whether they are there or not. */
  readonly parts: readonly string[];
  readonly correlationId: string;
  /** From 1 to 10; 10 goes first. */
  readonly priority: number;
  /** How long it must rest before it is taken, in ms. */
  readonly stabilityMs: number;
  /** When it was first seen, monotonic ms; before this process began where an earlier one saw it. */
  readonly seenAt: number;
  /** When it was last known to be in its watch folder, monotonic ms. */
  presentAt: number;
  /** The generation of this path before it, where reports were made of that. */
  earlier?: FileRecord;
  /** By the rules for whole files it is not to be converted. */
  refused?: { as: 'skipped' | 'failed'; reason: string };
  /** When it was queued, monotonic ms: the beginning of its waiting. */
  queuedAt: number;
  /** When its conversion began, monotonic ms. */
  startedAt: number;
  /** It is a symbolic link, where a look after its conversion told. */
  isLink?: boolean;
  /** How often in a row it could not be opened. */
  unreadable: number;
  /** An event came while it was worked on: its path is looked at again at the end. */
  heardOf: boolean;
  /** It was being converted twice when the process died: nothing else runs beside it, so that it is known if it kills again. */
  suspect: boolean;
}

/** One list for all files that are alone: there may be a hundred thousand of them. */
const NO_PARTS: readonly string[] = [];

function partsOf({ unit }: ConverterEntry, path: string): readonly string[] {
  const names = unit.companions(basename(path));
  return names.length === 0 ? NO_PARTS : names.map(name => join(dirname(path), name));
}

/**
 * A file at the beginning of its way in this process.
 * @param candidates The converters that may take it, at least one. @param path Absolute, in the watch folder.
 */
export function activeFile(
  record: FileRecord,
  candidates: readonly ConverterEntry[],
  correlationId: string,
  path: string,
  clock: Clock,
): ActiveFile {
  // The one that has it, had the process before come so far.
  const chosen = candidates.filter(({ converter }) => converter.name === record.converter);
  const possible = chosen.length > 0 ? chosen : candidates;
  const entry = possible[0] as ConverterEntry;
  return {
    record,
    entry,
    state: record.state,
    path,
    location: record.location ?? path,
    parts: partsOf(entry, path),
    correlationId,
    // Whoever gets it, nobody is kept waiting, and nobody gets half a file.
    priority: Math.max(...possible.map(one => one.priority)),
    stabilityMs: Math.max(...possible.map(one => one.stabilityMs)),
    // The wall clock is asked only for what was before this process; a whole number is kept in less memory.
    seenAt: Math.round(clock.monotonic() - Math.max(0, clock.now() - record.firstSeenAt)),
    presentAt: Math.round(clock.monotonic()),
    queuedAt: 0,
    startedAt: 0,
    unreadable: 0,
    heardOf: false,
    suspect: false,
  };
}

/** How long a file has been known, in ms; restarts count. */
export function waitedMs(clock: Clock, { seenAt }: ActiveFile): number {
  return clock.monotonic() - seenAt;
}

/** What the parts of an archive share. */
import type { Clock } from '../clock.js';
import { ArchiveError } from '../errors.js';
import type { FileSystem } from '../files/file-system.js';
import type { KeyedLock } from '../keyed-lock.js';
import type { ErrorEvent } from '../observe/emitter.js';
import type { Logger } from '../observe/logger.js';
import type { BlobStore } from './blobs/blob-store.js';
import type { Catalog } from './catalog/catalog.js';
import type { StoredEntry } from './catalog/stored-entry.js';
import type { RebuildResult } from './integrity/rebuild.js';

/** Event names and payloads of an `ArchiveStorage`. */
export interface ArchiveEvents {
  /** Trouble that no caller could be told of. */
  error: ErrorEvent;
  /** A part of the catalog was damaged. What could be read is kept, and what the blobs say is brought back. */
  damaged: { file: string; movedTo: string; message: string };
  /** The catalog was made again from the blobs. */
  rebuilt: RebuildResult;
}

/** Bytes since the process began, as they lie on the disk. */
export interface ArchiveTraffic {
  /** Of originals and reports that were archived. */
  writtenBytes: number;
  /** Of content that retention removed. */
  purgedBytes: number;
}

export interface ArchiveContext {
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly catalog: Catalog;
  readonly blobs: BlobStore;
  /** gzip level where nothing else is asked for. */
  readonly level: number;
  /** gzip levels by converter, as retention policies say. */
  readonly levels: Map<string, number>;
  readonly deduplicate: boolean;
  /** One step at a time for the sources of one content: a blob is not removed while an entry comes to share it. */
  readonly contents: KeyedLock;
  /** What went in and out; for metrics. */
  readonly traffic: ArchiveTraffic;
  /** Entries that are being read for a replay, by row. They are not purged meanwhile. */
  readonly leases: Map<number, number>;
  notify<E extends keyof ArchiveEvents>(event: E, payload: ArchiveEvents[E]): void;
}

/** @throws ArchiveError `ARCHIVE_UNKNOWN` */
export async function entryOf({ catalog }: ArchiveContext, id: string): Promise<StoredEntry> {
  const entry = await catalog.entry(id);
  if (!entry) throw unknown(id);
  return entry;
}

export function unknown(id: string): ArchiveError {
  return new ArchiveError('ARCHIVE_UNKNOWN', `There is no archived source '${id}'`);
}

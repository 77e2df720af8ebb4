/** What the archive is told, and what it tells, of a source. */
import type { Readable } from 'node:stream';
import type { ConverterSource, SourceFile } from '../converters/source.js';

/** How a conversion ended. `null` in an entry: it has not ended yet, as far as the archive was told. */
export type ArchiveStatus = 'success' | 'failed' | 'suspended' | 'skipped' | 'rejected';

/** What is archived: a path, a stream with the path that it came from, or a converter's source. */
export type ArchiveInput =
  | string
  | {
      /** The original path. It is not opened. */
      path: string;
      stream: Readable;
      /** When the content last changed. Default: the time of the call. */
      modifiedAt?: Date;
    }
  | (Pick<ConverterSource, 'path' | 'size' | 'modifiedAt' | 'bytes' | 'stream'> & { files?: readonly SourceFile[] });

/** What is known of a source before it is converted. */
export interface SourceFacts {
  converterName: string;
  /** Default '1.0.0'. */
  converterVersion?: string;
  /** The converter's arguments: plain JSON, so that a conversion can be repeated as it was. Default `{}`. */
  parameters?: Readonly<Record<string, unknown>>;
  /** When the file was received. It is the entry's time, by which it is found and kept. Default: now. */
  timestamp?: Date;
  /** The same for every attempt at one file: archiving it again, with the same timestamp and content, gives the same id and stores nothing. */
  correlationId?: string;
  /** gzip level, 1 to 9. Default: the archive's. */
  compressionLevel?: number;
}

/** What became of a source. What is not given stays as it is; an error goes when a status comes without one. */
export interface ConversionFacts {
  status?: ArchiveStatus;
  /** Why it failed. */
  error?: string;
  durationMs?: number;
  /** When the server had accepted all its reports. */
  deliveredAt?: Date;
  /** What the server called the report; of several, all of them in order. */
  reportId?: string | readonly string[];
  serialNumber?: string;
  partNumber?: string;
}

/** An archived source, as the catalog knows it. */
export interface ArchiveEntry {
  archiveId: string;
  /** When the source was received. */
  timestamp: Date;
  /** When it was archived. */
  createdAt: Date;
  converterName: string;
  converterVersion: string;
  /** The converter's arguments. */
  parameters: Readonly<Record<string, unknown>>;
  /** The original path. */
  sourcePath: string;
  /** SHA-256 of the content in hex; of a set of files as in `ConverterSource.sha256`. */
  sha256: string;
  /** Size of the content in bytes. */
  size: number;
  /** Size of the compressed blob in bytes. Entries with the same content share one. */
  compressedSize: number;
  /** When the content last changed. */
  modifiedAt: Date;
  /** How many files a folder or a file with companions has; `null` for a single file. */
  members: number | null;
  /** Where the blob is, relative to the archive's folder, with `/`. */
  archivedPath: string;
  /** Another entry whose blob it shares, since the content is the same. */
  sharedWith: string | null;
  status: ArchiveStatus | null;
  error: string | null;
  durationMs: number | null;
  deliveredAt: Date | null;
  /** What the server called the report; the first of several. */
  reportId: string | null;
  reportIds: readonly string[];
  serialNumber: string | null;
  partNumber: string | null;
  /** How many reports are archived with it. */
  reports: number;
  /** Where the first report is, relative to the archive's folder. */
  reportArchivedPath: string | null;
  /** Size of the first report's JSON in bytes. */
  reportSize: number | null;
  /** Kept whatever the retention says, until it is unpinned. */
  pinned: boolean;
  /** As pinned, for legal reasons. */
  held: boolean;
  /** When its content was removed; such entries are found only when they are asked for. */
  purgedAt: Date | null;
}

/** Which entries. All that is given must hold. */
export interface ArchiveFilter {
  /** Received at this time or later. */
  from?: Date;
  /** Received before this time. */
  to?: Date;
  converterName?: string;
  status?: ArchiveStatus;
  serialNumber?: string;
  /** SHA-256 of the content in hex. */
  sha256?: string;
  /** Words in the file's name, the error or the serial number: all of them, in any order; the last may be the beginning of a word. */
  text?: string;
  /** With those whose content was purged. Default false. */
  includePurged?: boolean;
}

/** A filter with its page. */
export interface ArchiveQuery extends ArchiveFilter {
  /** How many, 1 to 10,000. Default 100. */
  limit?: number;
  /** `nextCursor` of the page before, with the same filter and order. */
  cursor?: string;
  /** 'desc', the default, gives the newest first. */
  order?: 'asc' | 'desc';
}

/** Some of the entries that were asked for. */
export interface ArchivePage {
  entries: ArchiveEntry[];
  /** For the next page; `null` when this is the last. */
  nextCursor: string | null;
}

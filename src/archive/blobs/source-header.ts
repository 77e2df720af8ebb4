/** What the headers of blobs say about their source: enough to make its row in the catalog again. */
import { archiveId } from '../archive-id.js';
import type { MemberFacts } from './member-writer.js';

/** As JSON in the header of a source's blob, or in a reference. */
export interface SourceHeader {
  kind: 'source';
  id: string;
  /** Its row in the catalog. Of a fixed length, since it is known last. */
  row: string;
  path: string;
  converter: string;
  version: string;
  parameters: Readonly<Record<string, unknown>>;
  /** ISO 8601, as all times. */
  received: string;
  archived: string;
  modified: string;
  correlationId?: string;
  /** How many files follow as members of their own. */
  members?: number;
}

/** As JSON in the header of each member of a set. */
export interface FileHeader {
  kind: 'file';
  /** Path in the set, with `/`. */
  name: string;
  modified: string;
}

/** As JSON in the header of a report's blob. */
export interface ReportHeader {
  kind: 'report';
  id: string;
  /** From 0. */
  position: number;
  archived: string;
}

/** What stands in place of a blob whose content another one has. */
export interface Reference extends SourceHeader {
  millrace: 1;
  /** The id of the entry whose blob it is. */
  sameAs: string;
  sha256: string;
  size: number;
}

/** What is known of a source from the beginning. */
export interface SourceDescription {
  path: string;
  converter: string;
  version: string;
  parameters: Readonly<Record<string, unknown>>;
  receivedAt: Date;
  archivedAt: Date;
  modifiedAt: Date;
  correlationId: string | undefined;
  members: number | undefined;
}

/** An id of the same length, for a header whose id is not known yet. */
const NO_ID = archiveId({ at: 0, key: '0'.repeat(12) });
const ROW_DIGITS = 17;

export function sourceHeader(source: SourceDescription, place?: { id: string; row: number }): SourceHeader {
  const { path, converter, version, parameters, receivedAt, archivedAt, modifiedAt, correlationId, members } = source;
  return {
    kind: 'source',
    id: place?.id ?? NO_ID,
    row: String(place?.row ?? 0).padStart(ROW_DIGITS),
    path,
    converter,
    version,
    parameters,
    received: receivedAt.toISOString(),
    archived: archivedAt.toISOString(),
    modified: modifiedAt.toISOString(),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(members === undefined ? {} : { members }),
  };
}

/** The name in a path of any platform: what was archived on Windows may be rebuilt on Linux. */
export function nameOf(path: string): string {
  return path.slice(path.search(/[^/\\]*[/\\]?$/));
}

export function memberFacts(source: SourceDescription, place?: { id: string; row: number }): MemberFacts {
  return {
    name: nameOf(source.path),
    modifiedAt: source.modifiedAt,
    facts: { ...sourceHeader(source, place) },
  };
}

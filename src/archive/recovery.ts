/** What a crash has left half-way: sources that the catalog does not know yet. */

import { exists } from '../files/free-name.js';
import type { ArchiveContext } from './archive-context.js';
import { parseArchiveId } from './archive-id.js';
import { endingOf, REFERENCE_ENDING, referencePath, SET_ENDING, sourcePath } from './blobs/blob-path.js';
import { readHeader } from './blobs/blob-reader.js';
import { nameOf, type Reference, type SourceDescription, type SourceHeader } from './blobs/source-header.js';
import { entryChanges } from './catalog/entry-changes.js';

/** What a blob or a reference says about its entry. */
export interface Found {
  header: SourceHeader;
  sha256: string;
  size: number;
  /** Size of the file. */
  bytes: number;
  /** The entry whose blob it refers to; a blob of its own where there is none. */
  sameAs: string | undefined;
}

/** References are small. */
const MAX_REFERENCE_BYTES = 1024 * 1024;

/** Reads what a file in the archive's folder says of itself; `undefined` when it says nothing sound. */
export async function readFound({ fs }: ArchiveContext, path: string): Promise<Found | undefined> {
  const file = await fs.open(path, 'r');
  try {
    const { size: bytes } = await file.stat();
    const member = await readHeader(file);
    if (member) {
      if (member.facts.kind !== 'source') return undefined;
      const header = member.facts as unknown as SourceHeader;
      return { header, sha256: member.content.sha256, size: member.content.size, bytes, sameAs: undefined };
    }
    if (bytes > MAX_REFERENCE_BYTES) return undefined;
    const content = Buffer.alloc(bytes);
    await file.read(content, 0, bytes, 0);
    return parseReference(content.toString(), bytes);
  } finally {
    await file.close();
  }
}

/** Where the file of an entry belongs, relative to the archive's folder. */
function placeOf({ header, sameAs }: Found): string {
  if (sameAs !== undefined) return referencePath(header.id);
  return sourcePath(header.id, endingFor(header));
}

/** Puts the row of an entry into the catalog from what its file says. @returns Whether it was not there. */
export async function adopt(context: ArchiveContext, found: Found): Promise<boolean> {
  const { catalog } = context;
  const { header, sameAs } = found;
  const { at, key } = parseArchiveId(header.id);
  if ((await catalog.rows.find(at, key)) !== undefined) return false;
  const owner = sameAs === undefined ? undefined : await catalog.entry(sameAs);
  if (sameAs !== undefined && !owner) return false;
  // Its own row, so that the change log finds it; another one only where that has been given away meanwhile.
  const own = { at, row: Number(header.row) };
  const place = (await catalog.rows.isFree(own)) ? own : await catalog.rows.reserve(at);
  const ending = sameAs === undefined ? endingFor(header) : REFERENCE_ENDING;
  const draft = { source: describe(header), sha256: found.sha256, size: found.size };
  const bytes = owner?.compressed ?? found.bytes;
  const { row } = place;
  await catalog.write(entryChanges(catalog, draft, { id: header.id, row, ending, bytes, owner: owner?.id ?? null }));
  await catalog.rows.taken({ at, row }, key);
  return true;
}

/**
 * Finishes what was interrupted. A source that got its name and whose row was not written is adopted: it is whole. What
 * did not get its name was never acknowledged, and is removed.
 */
export async function recoverLeftovers(context: ArchiveContext): Promise<void> {
  const { blobs, fs } = context;
  for (const temp of await blobs.leftovers()) {
    const found = await readFound(context, temp);
    if (found && (await exists(fs, blobs.path(placeOf(found))))) await adopt(context, found);
    await blobs.settled({ temp });
  }
}

function endingFor(header: SourceHeader): string {
  return header.members === undefined ? endingOf(nameOf(header.path)) : SET_ENDING;
}

function describe(header: SourceHeader): SourceDescription {
  return {
    path: header.path,
    converter: header.converter,
    version: header.version,
    parameters: header.parameters,
    receivedAt: new Date(header.received),
    archivedAt: new Date(header.archived),
    modifiedAt: new Date(header.modified),
    correlationId: header.correlationId,
    members: header.members,
  };
}

function parseReference(text: string, bytes: number): Found | undefined {
  try {
    const reference = JSON.parse(text) as Partial<Reference>;
    if (reference.millrace !== 1 || reference.sameAs === undefined) return undefined;
    const { sha256 = '', size = 0, sameAs } = reference;
    return { header: reference as Reference, sha256, size, bytes, sameAs };
  } catch {
    // Cut off, or not ours: it says nothing.
    return undefined;
  }
}

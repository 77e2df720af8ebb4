/** What a crash has left half-way: sources that the catalog does not know yet. */

import { dirname } from 'node:path';
import { exists } from '../files/free-name.js';
import type { ArchiveContext } from './archive-context.js';
import { archiveId, parseArchiveId, tryParseArchiveId } from './archive-id.js';
import { endingOf, REFERENCE_ENDING, referencePath, SET_ENDING, sourcePath } from './blobs/blob-path.js';
import { readHeader } from './blobs/blob-reader.js';
import type { Draft } from './blobs/draft.js';
import { nameOf, type Reference, type SourceDescription, type SourceHeader } from './blobs/source-header.js';
import { type EntryPlace, entryChanges } from './catalog/entry-changes.js';
import type { Place } from './catalog/row-numbers.js';
import type { StoredEntry } from './catalog/stored-entry.js';

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

/** An entry without its place. */
type Described = Pick<Draft, 'source' | 'sha256' | 'size'>;

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

/** Puts the row of an entry into the catalog from what its file says, or mends it. @returns Whether it was not there. */
export async function adopt(context: ArchiveContext, found: Found): Promise<boolean> {
  const { catalog } = context;
  const { header, sameAs } = found;
  const { at, key } = parseArchiveId(header.id);
  const owner = sameAs === undefined ? undefined : await catalog.entry(sameAs);
  if (sameAs !== undefined && !owner) return false;
  // Its own row, so that the change log finds it; another one only where that has been given away meanwhile.
  const own = { at, row: Number(header.row) };
  const isFree = await catalog.rows.isFree(own);
  const known = (await catalog.rows.find(at, key)) ?? (!isFree && (await isHurt(context, own)) ? own.row : undefined);
  const row = known ?? (isFree ? own : await catalog.rows.reserve(at)).row;
  const ending = sameAs === undefined ? endingFor(header) : REFERENCE_ENDING;
  const draft = { source: describe(header), sha256: found.sha256, size: found.size };
  const place = { id: header.id, row, ending, bytes: owner?.compressed ?? found.bytes, owner: owner?.id ?? null };
  if (known !== undefined) {
    if (!agrees(await catalog.entryByRow(row), key, draft, place)) await mend(context, draft, place);
  } else {
    await catalog.write(entryChanges(catalog, draft, place));
  }
  await catalog.rows.taken({ at, row }, key);
  return known === undefined;
}

/** Whether a row, found under another id than it was given to, has no blob under that id: the id itself is what is damaged. */
async function isHurt({ catalog, fs, blobs }: ArchiveContext, { at, row }: Place): Promise<boolean> {
  const [found] = await catalog.query<Pick<StoredEntry, 'key' | 'purgedAt'>>('identity', [row]);
  if (!found || found.purgedAt !== null) return false;
  const id = archiveId({ at, key: found.key });
  if (!tryParseArchiveId(id)) return true;
  const names = await fs.readdir(dirname(blobs.path(referencePath(id))));
  return !names.some(name => name.startsWith(id));
}

/** Whether a row says what the file of its entry says. Damage can leave rows that were read from a page which was hurt. */
function agrees(
  row: StoredEntry | undefined,
  key: string,
  { source, sha256, size }: Described,
  place: EntryPlace,
): boolean {
  if (!row) return false;
  const { converter, version, parameters, path, members = null } = source;
  const at = parseArchiveId(place.id).at;
  return (
    row.key === key &&
    row.converter === converter &&
    row.version === version &&
    row.parameters === JSON.stringify(parameters) &&
    row.folder + row.name === path &&
    row.ending === place.ending &&
    row.sha256 === sha256 &&
    row.size === size &&
    row.compressed === place.bytes &&
    row.ageMs === Math.round(at - source.modifiedAt.getTime()) &&
    row.lagMs === source.archivedAt.getTime() - at &&
    row.members === members &&
    row.owner === place.owner
  );
}

async function mend({ catalog }: ArchiveContext, draft: Described, place: EntryPlace): Promise<void> {
  const [added] = entryChanges(catalog, draft, place);
  if (added) await catalog.write([{ statement: 'mendEntry', params: added.params }]);
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

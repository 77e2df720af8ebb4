/** Putting a source into the archive: read once, compressed, on the disk, in the catalog. */
import { randomUUID } from 'node:crypto';
import { ArchiveError, isDiskFull, MillraceError, toError } from '../errors.js';
import { writeAll } from '../files/atomic-write.js';
import type { OpenFile } from '../files/file-system.js';
import { identityOf, sameIdentity } from '../files/identity.js';
import { stableJson } from '../stable-json.js';
import type { ArchiveContext } from './archive-context.js';
import { archiveId, idKey, isTimeInRange, timeOfRow } from './archive-id.js';
import { endingOf, REFERENCE_ENDING, referencePath, SET_ENDING, sourcePath } from './blobs/blob-path.js';
import { headerOf } from './blobs/blob-reader.js';
import type { Incoming } from './blobs/blob-store.js';
import { type Draft, HELD_BYTES, heldDraft, setDraft, streamedDraft, writing } from './blobs/draft.js';
import { nameOf, type Reference, type SourceDescription, sourceHeader } from './blobs/source-header.js';
import { entryChanges } from './catalog/entry-changes.js';
import type { Place } from './catalog/row-numbers.js';
import type { ArchiveInput, SourceFacts } from './types.js';

const CHUNK_BYTES = 256 * 1024;

/** Reads a source. Whoever gets the draft either stores or discards it. */
export async function draftOf(context: ArchiveContext, input: ArchiveInput, facts: SourceFacts): Promise<Draft> {
  const { blobs } = context;
  const level = levelOf(context, facts);
  if (typeof input === 'string') return draftOfFile(context, input, facts, level);
  const now = new Date(context.clock.now());
  const describe = (members?: number): SourceDescription =>
    describeSource(context, facts, input.path, input.modifiedAt ?? now, members);
  if (typeof input.stream !== 'function') {
    return streamedDraft(blobs, describe(), input.stream as AsyncIterable<Uint8Array>, level);
  }
  const source = input as Exclude<ArchiveInput, string | { stream: NodeJS.ReadableStream }>;
  if (source.files) return setDraft(blobs, describe(source.files.length), source.files, level);
  if (source.size <= HELD_BYTES) return heldDraft(blobs, describe(), await source.bytes(), level);
  return streamedDraft(blobs, describe(), source.stream(), level);
}

/** Takes a draft into the archive. @returns The entry's id. */
export function storeDraft(context: ArchiveContext, draft: Draft, facts: SourceFacts): Promise<string> {
  return context.contents.run(draft.sha256, async () => {
    try {
      return await store(context, draft, facts);
    } catch (error) {
      throw archiveError(`${draft.source.path} could not be archived`, error);
    }
  });
}

async function store(context: ArchiveContext, draft: Draft, facts: SourceFacts): Promise<string> {
  const { catalog } = context;
  const { source, sha256 } = draft;
  const at = source.receivedAt.getTime();
  const { key, known } = await keyFor(context, draft, facts);
  if (known) {
    await draft.discard();
    return archiveId({ at, key });
  }
  const place = await catalog.rows.reserve(at);
  const id = archiveId({ at: place.at, key });
  const twin = context.deduplicate ? await findTwin(context, sha256) : undefined;
  if (twin) await storeReference(context, draft, place, id, twin);
  else await storeBlob(context, draft, place, id);
  await catalog.rows.taken(place, key);
  return id;
}

/** The digits of the entry's id, and whether it is there already. One that was purged is not: its content is gone, and comes anew. */
async function keyFor(
  { catalog }: ArchiveContext,
  { source, sha256 }: Draft,
  { correlationId }: SourceFacts,
): Promise<{ key: string; known: boolean }> {
  const at = source.receivedAt.getTime();
  const parts = [sha256, source.path, String(at), correlationId ?? randomUUID(), source.converter];
  for (let times = 0; ; times += 1) {
    const key = idKey(times === 0 ? parts : [...parts, String(times)]);
    const row = correlationId === undefined ? undefined : await catalog.rows.find(at, key);
    if (row === undefined) return { key, known: false };
    if ((await catalog.entryByRow(row))?.purgedAt === null) return { key, known: true };
  }
}

async function storeBlob(context: ArchiveContext, draft: Draft, place: Place, id: string): Promise<void> {
  const { source } = draft;
  const ending = source.members === undefined ? endingOf(nameOf(source.path)) : SET_ENDING;
  const { incoming, bytes } = await draft.complete({ id, row: place.row });
  await putInPlace(context, incoming, sourcePath(id, ending), () =>
    context.catalog.write(entryChanges(context.catalog, draft, { id, row: place.row, ending, bytes, owner: null })),
  );
  context.traffic.writtenBytes += bytes;
}

/** The entry gets a name and a row of its own, and no bytes: those are in the blob of `twin`. */
async function storeReference(
  context: ArchiveContext,
  draft: Draft,
  place: Place,
  id: string,
  twin: Twin,
): Promise<void> {
  const { catalog, blobs } = context;
  await draft.discard();
  const reference: Reference = {
    millrace: 1,
    ...sourceHeader(draft.source, { id, row: place.row }),
    sameAs: archiveId({ at: timeOfRow(twin.id), key: twin.key }),
    sha256: draft.sha256,
    size: draft.size,
  };
  const incoming = await writing(blobs, file => writeAll(file, Buffer.from(JSON.stringify(reference))));
  await putInPlace(context, incoming, referencePath(id), () =>
    catalog.write(
      entryChanges(catalog, draft, {
        id,
        row: place.row,
        ending: REFERENCE_ENDING,
        bytes: twin.compressed,
        owner: twin.id,
      }),
    ),
  );
}

/** First the file under its name, then its row; when the row cannot be written, neither is there. */
async function putInPlace(
  { blobs }: ArchiveContext,
  incoming: Incoming,
  path: string,
  writeRow: () => Promise<void>,
): Promise<void> {
  try {
    // A name that is taken is this very entry's, from an attempt whose row could not be written.
    if (!(await blobs.publish(incoming, path))) await blobs.replace(incoming, path);
    try {
      await writeRow();
    } catch (error) {
      await blobs.remove(path);
      throw error;
    }
  } finally {
    await blobs.settled(incoming);
  }
}

interface Twin {
  id: number;
  key: string;
  ending: string;
  compressed: number;
}

/** The entry whose blob has this content already, if the blob is really there. */
async function findTwin({ catalog, blobs, fs }: ArchiveContext, sha256: string): Promise<Twin | undefined> {
  if (!catalog.contents.mayHave(sha256)) return undefined;
  const twin = (await catalog.query<Twin>('blobOf', [sha256]))[0];
  if (!twin) return undefined;
  const path = blobs.path(sourcePath(archiveId({ at: timeOfRow(twin.id), key: twin.key }), twin.ending));
  try {
    const { size } = await fs.stat(path);
    const header = await headerOf(fs, path);
    return size === twin.compressed && header?.content.sha256 === sha256 ? twin : undefined;
  } catch {
    // Missing or unreadable: whoever archives the content now stores it anew, and verify() names the other.
    return undefined;
  }
}

async function draftOfFile(context: ArchiveContext, path: string, facts: SourceFacts, level: number): Promise<Draft> {
  const { fs, blobs } = context;
  const file = await fs.open(path, 'r');
  try {
    const before = await file.stat();
    const source = describeSource(context, facts, path, new Date(Math.round(before.mtimeMs)));
    const draft = await streamedDraft(blobs, source, chunksOf(file), level);
    // By its path, too: a writer may have renamed a new version over the one that is open here.
    const unchanged = sameIdentity(identityOf(before), identityOf(await fs.stat(path)));
    if (unchanged && draft.size === before.size) return draft;
    await draft.discard();
    throw new MillraceError('SOURCE_CHANGED', `${path} changed while it was archived`);
  } finally {
    await file.close();
  }
}

async function* chunksOf(file: OpenFile): AsyncGenerator<Uint8Array> {
  for (;;) {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/** @throws ArchiveError for a time that no row can have. */
function describeSource(
  context: ArchiveContext,
  facts: SourceFacts,
  path: string,
  modifiedAt: Date,
  members?: number,
): SourceDescription {
  const archivedAt = new Date(context.clock.now());
  const receivedAt = facts.timestamp ?? archivedAt;
  if (!isTimeInRange(receivedAt.getTime())) {
    throw new ArchiveError('ARCHIVE_FAILED', `timestamp must be a time from 1951 to 2089, not ${String(receivedAt)}`);
  }
  return {
    path,
    converter: facts.converterName,
    version: facts.converterVersion ?? '1.0.0',
    parameters: JSON.parse(stableJson(facts.parameters ?? {})) as Record<string, unknown>,
    receivedAt,
    archivedAt,
    modifiedAt: Number.isFinite(modifiedAt.getTime()) ? modifiedAt : receivedAt,
    correlationId: facts.correlationId,
    members,
  };
}

function levelOf(context: ArchiveContext, facts: SourceFacts): number {
  const { compressionLevel = context.levels.get(facts.converterName) ?? context.levels.get('*') ?? context.level } =
    facts;
  if (Number.isInteger(compressionLevel) && compressionLevel >= 1 && compressionLevel <= 9) return compressionLevel;
  throw new ArchiveError(
    'ARCHIVE_FAILED',
    `compressionLevel must be a whole number from 1 to 9, not ${compressionLevel}`,
  );
}

/** An error of the archive's family; those that say something of their own stay as they are. */
export function archiveError(what: string, thrown: unknown): Error {
  const error = toError(thrown);
  if (error instanceof MillraceError && !isDiskFull(error)) return error;
  return new ArchiveError('ARCHIVE_FAILED', `${what}: ${error.message}`, { cause: error });
}

/**
 * A source on its way into the archive, before it has an id: small ones are held, larger ones are compressed into a file
 * under a passing name while they are read.
 */
import { createHash } from 'node:crypto';
import type { SourceFile } from '../../converters/source.js';
import { IntegrityError } from '../../errors.js';
import { writeAll } from '../../files/atomic-write.js';
import { checksumOfSet } from '../../files/file-set.js';
import type { BlobStore, Incoming } from './blob-store.js';
import { finishMember, packMember, streamMember } from './member-writer.js';
import { memberFacts, type SourceDescription } from './source-header.js';

/** Up to this size a content is held in memory and written at once. */
export const HELD_BYTES = 4 * 1024 * 1024;

/** What is known of a source once it was read. */
export interface Draft {
  readonly source: SourceDescription;
  readonly sha256: string;
  readonly size: number;
  /** Writes what is still to be written. @returns The complete file, and the size of it. */
  complete(place: { id: string; row: number }): Promise<{ incoming: Incoming; bytes: number }>;
  /** It is not needed. */
  discard(): Promise<void>;
}

/** A content that is in memory. */
export function heldDraft(
  blobs: BlobStore,
  source: SourceDescription,
  bytes: Uint8Array,
  level: number,
  sha256 = createHash('sha256').update(bytes).digest('hex'),
): Draft {
  return {
    source,
    sha256,
    size: bytes.length,
    discard: async () => undefined,
    complete: async place => {
      const member = await packMember(memberFacts(source, place), bytes, level, sha256);
      const incoming = await writing(blobs, async file => {
        await writeAll(file, member.bytes);
      });
      return { incoming, bytes: member.bytes.length };
    },
  };
}

/** A content that comes in chunks; it is read when this is called. */
export async function streamedDraft(
  blobs: BlobStore,
  source: SourceDescription,
  chunks: AsyncIterable<Uint8Array | string>,
  level: number,
): Promise<Draft> {
  const first: Uint8Array[] = [];
  let held = 0;
  const iterator = chunks[Symbol.asyncIterator]();
  while (held <= HELD_BYTES) {
    const { done, value } = await iterator.next();
    if (done) return heldDraft(blobs, source, Buffer.concat(first), level);
    const chunk = bytesOf(value);
    first.push(chunk);
    held += chunk.length;
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    while (first.length > 0) yield first.shift() as Uint8Array;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield bytesOf(next.value);
  }
  const incoming = await blobs.begin();
  try {
    const member = await streamMember(incoming.file, 0, memberFacts(source), all(), level);
    return unfinished(blobs, source, incoming, member.content.sha256, member.content.size, member.end, place =>
      finishMember(incoming.file, 0, memberFacts(source, place), member.content),
    );
  } catch (error) {
    await iterator.return?.();
    await blobs.abandon(incoming);
    throw error;
  }
}

/** A folder, or a file with companions: a member that holds nothing and says what follows, then one for each file. */
export async function setDraft(
  blobs: BlobStore,
  source: SourceDescription,
  files: readonly SourceFile[],
  level: number,
): Promise<Draft> {
  const incoming = await blobs.begin();
  const { file } = incoming;
  try {
    const head = await streamMember(file, 0, memberFacts(source), nothing(), level);
    let { end } = head;
    const read: { name: string; size: number; sha256: string }[] = [];
    for (const each of files) {
      const { name, modifiedAt } = each;
      const facts = { kind: 'file', name, modified: modifiedAt.toISOString() };
      const member = { name: name.slice(name.lastIndexOf('/') + 1), modifiedAt, facts };
      const written = await streamMember(file, end, member, each.stream(), level);
      await finishMember(file, end, member, written.content);
      if (written.content.sha256 !== (await each.sha256())) throw changed(each.path);
      read.push({ name, size: written.content.size, sha256: written.content.sha256 });
      end = written.end;
    }
    const size = read.reduce((sum, each) => sum + each.size, 0);
    const sha256 = checksumOfSet(read);
    return unfinished(blobs, source, incoming, sha256, size, end, place =>
      finishMember(file, 0, memberFacts(source, place), { ...head.content, size, sha256 }),
    );
  } catch (error) {
    await blobs.abandon(incoming);
    throw error;
  }
}

function unfinished(
  blobs: BlobStore,
  source: SourceDescription,
  incoming: Incoming,
  sha256: string,
  size: number,
  bytes: number,
  finish: (place: { id: string; row: number }) => Promise<void>,
): Draft {
  return {
    source,
    sha256,
    size,
    discard: () => blobs.abandon(incoming),
    complete: async place => {
      try {
        await finish(place);
        await blobs.complete(incoming);
        return { incoming, bytes };
      } catch (error) {
        await blobs.abandon(incoming);
        throw error;
      }
    },
  };
}

/** A complete file with what `fill` writes. */
export async function writing(blobs: BlobStore, fill: (file: Incoming['file']) => Promise<void>): Promise<Incoming> {
  const incoming = await blobs.begin();
  try {
    await fill(incoming.file);
    await blobs.complete(incoming);
    return incoming;
  } catch (error) {
    await blobs.abandon(incoming);
    throw error;
  }
}

/** A stream with an encoding gives text. */
function bytesOf(chunk: Uint8Array | string): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // The head of a set has no content of its own.
}

function changed(path: string): IntegrityError {
  return new IntegrityError(`${path} is not what it was when its checksum was made`);
}

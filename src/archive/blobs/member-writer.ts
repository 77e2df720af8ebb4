/** Writes one gzip member: content in, header, compressed content and trailer out, compressed off the event loop. */
import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { crc32, createDeflateRaw, deflateRaw } from 'node:zlib';
import { writeAll } from '../../files/atomic-write.js';
import type { OpenFile } from '../../files/file-system.js';
import { encodeHeader, type MemberContent, NO_CONTENT } from './gzip-header.js';

/** What a member's header says beside its content. */
export interface MemberFacts {
  name: string;
  modifiedAt: Date;
  /** See {@link encodeHeader}. */
  facts: Readonly<Record<string, unknown>>;
}

const CHUNK_BYTES = 64 * 1024;
/** Checksums of so much at once stay under a millisecond on the event loop. */
const SLICE_BYTES = 256 * 1024;
const deflate = promisify<Uint8Array, { level: number; chunkSize: number }, Buffer>(deflateRaw);

/** A whole member in memory. */
export async function packMember(
  member: MemberFacts,
  bytes: Uint8Array,
  level: number,
  sha256: string,
): Promise<{ bytes: Buffer; content: MemberContent }> {
  const packed = await deflate(bytes, { level, chunkSize: CHUNK_BYTES });
  const content = { size: bytes.length, packed: packed.length, sha256 };
  const header = encodeHeader(member.name, member.modifiedAt, member.facts, content);
  return { bytes: Buffer.concat([header, packed, trailer(crc32(bytes), bytes.length)]), content };
}

/** A member that is on the disk but for what its header says. */
export interface UnfinishedMember {
  content: MemberContent;
  /** Where it begins in the file. */
  at: number;
  /** Where it ends. */
  end: number;
}

/**
 * Writes a member at the current position of the file, in bounded memory. Its header is left open: call
 * {@link finishMember} with what is known by then.
 */
export async function streamMember(
  file: OpenFile,
  at: number,
  member: MemberFacts,
  chunks: AsyncIterable<Uint8Array>,
  level: number,
): Promise<UnfinishedMember> {
  const headerBytes = encodeHeader(member.name, member.modifiedAt, member.facts, NO_CONTENT).length;
  await writeAll(file, Buffer.alloc(headerBytes));
  const hash = createHash('sha256');
  let crc = 0;
  let size = 0;
  let packed = 0;
  async function* measured(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      for (let start = 0; start < chunk.length; start += SLICE_BYTES) {
        const slice = chunk.subarray(start, start + SLICE_BYTES);
        hash.update(slice);
        crc = crc32(slice, crc);
        size += slice.length;
        yield slice;
      }
    }
  }
  const compress = createDeflateRaw({ level, chunkSize: CHUNK_BYTES });
  await pipeline(measured(), compress, async outputs => {
    for await (const output of outputs as AsyncIterable<Uint8Array>) {
      packed += output.length;
      await writeAll(file, output);
    }
  });
  await writeAll(file, trailer(crc, size));
  return { content: { size, packed, sha256: hash.digest('hex') }, at, end: at + headerBytes + packed + TRAILER_BYTES };
}

/** Writes the header in the place that was left for it. */
export async function finishMember(
  file: OpenFile,
  at: number,
  { name, modifiedAt, facts }: MemberFacts,
  content: MemberContent,
): Promise<void> {
  const header = encodeHeader(name, modifiedAt, facts, content);
  for (let offset = 0; offset < header.length; ) {
    offset += (await file.write(header, offset, header.length - offset, at + offset)).bytesWritten;
  }
}

/** CRC-32 and length of the content. */
export const TRAILER_BYTES = 8;

function trailer(crc: number, size: number): Buffer {
  const bytes = Buffer.alloc(TRAILER_BYTES);
  bytes.writeUInt32LE(crc, 0);
  bytes.writeUInt32LE(size % 2 ** 32, 4);
  return bytes;
}

/** Reads blobs back, and proves that what comes out is what was put in. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { IntegrityError, systemCode, toError } from '../../errors.js';
import type { FileSystem, OpenFile } from '../../files/file-system.js';
import { decodeHeader, type MemberHeader } from './gzip-header.js';
import { TRAILER_BYTES } from './member-writer.js';

const CHUNK_BYTES = 128 * 1024;
const HEADER_BYTES = 4 * 1024;

/** What the content must be. */
export interface Expected {
  size: number;
  sha256: string;
}

/** A member's place in its file. */
export interface Member {
  header: MemberHeader;
  /** Where it begins and ends. */
  start: number;
  end: number;
}

/** The header at `start` of an open blob; `undefined` when there is no sound one of ours. */
export async function readHeader(file: OpenFile, start = 0): Promise<MemberHeader | undefined> {
  for (let length = HEADER_BYTES; ; length *= 8) {
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await file.read(bytes, 0, length, start);
    const header = decodeHeader(bytes.subarray(0, bytesRead));
    if (header !== 'short') return header;
    if (bytesRead < length) return undefined;
  }
}

/** As {@link readHeader}, of a file by its path. @throws IntegrityError when it is missing. */
export async function headerOf(fs: FileSystem, path: string): Promise<MemberHeader | undefined> {
  const file = await openBlob(fs, path);
  try {
    return await readHeader(file);
  } finally {
    await file.close();
  }
}

/**
 * The content of one member as a stream. It fails with `INTEGRITY` at its end, at the latest, when it is not what is
 * expected: whoever needs to be sure before uses the content only after the end.
 * @param range A part of the file; default: all of it, with all members.
 */
export function readContent(
  fs: FileSystem,
  path: string,
  expected: Expected,
  range: { start: number; end: number } = { start: 0, end: Number.POSITIVE_INFINITY },
): Readable {
  return Readable.from(contentOf(fs, path, expected, range), { objectMode: false });
}

async function* contentOf(
  fs: FileSystem,
  path: string,
  expected: Expected,
  range: { start: number; end: number },
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let size = 0;
  const packed = Readable.from(bytesOf(fs, path, range), { objectMode: false });
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  packed.on('error', error => gunzip.destroy(error));
  packed.pipe(gunzip);
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      size += chunk.length;
      // More than was put in: not ours, and maybe without an end.
      if (size > expected.size) break;
      hash.update(chunk);
      yield chunk;
    }
  } catch (error) {
    throw isOfGzip(error) ? damaged(path, toError(error).message, error) : toError(error);
  } finally {
    packed.destroy();
    gunzip.destroy();
  }
  if (size !== expected.size) throw damaged(path, `it holds ${size} bytes or more in place of ${expected.size}`);
  if (hash.digest('hex') !== expected.sha256) throw damaged(path, 'its checksum is not that of what was archived');
}

/** The members of a set after its head, found by their headers. @throws IntegrityError */
export async function membersOf(fs: FileSystem, path: string): Promise<Member[]> {
  const file = await openBlob(fs, path);
  try {
    const { size } = await file.stat();
    const members: Member[] = [];
    for (let start = 0; start < size; ) {
      const header = await readHeader(file, start);
      if (!header) throw damaged(path, `there is no header at ${start}`);
      const end = start + header.length + header.content.packed + TRAILER_BYTES;
      if (end > size) throw damaged(path, 'it is shorter than it was');
      members.push({ header, start, end });
      start = end;
    }
    return members;
  } finally {
    await file.close();
  }
}

async function* bytesOf(
  fs: FileSystem,
  path: string,
  { start, end }: { start: number; end: number },
): AsyncGenerator<Uint8Array> {
  const file = await openBlob(fs, path);
  try {
    for (let offset = start; offset < end; ) {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - offset));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
      offset += bytesRead;
    }
  } finally {
    await file.close();
  }
}

async function openBlob(fs: FileSystem, path: string): Promise<OpenFile> {
  try {
    return await fs.open(path, 'r');
  } catch (error) {
    throw systemCode(error) === 'ENOENT' ? damaged(path, 'it is missing', error) : error;
  }
}

function isOfGzip(error: unknown): boolean {
  return /^Z_|ERR_PADDING|ERR_TRAILING/.test(String((error as { code?: unknown }).code ?? ''));
}

export function damaged(path: string, why: string, cause?: unknown): IntegrityError {
  return new IntegrityError(`${path} is damaged: ${why}`, { cause });
}

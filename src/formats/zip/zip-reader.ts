/** Reads ZIP files in memory, within limits: nothing of it is ever written to the disk. */
import { join } from 'node:path';
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl';
import { MemorySource } from '../../converters/memory-source.js';
import type { ConverterSource } from '../../converters/source.js';
import { FileFormatError, MillraceError } from '../../errors.js';
import { limitSize } from '../text-pieces.js';

/** Limits of {@link readZip}. They are there for files that unpack to more than a host can hold. */
export interface ZipLimits {
  /** Of the ZIP file. Default 64 MiB. */
  maxBytes?: number | undefined;
  /** Of all members together, unpacked. Default 256 MiB. */
  maxTotalBytes?: number | undefined;
  /** How many times as big as it is packed a member may be that has more than 1 MiB. Default 200. */
  maxRatio?: number | undefined;
  /** Default 10,000. */
  maxMembers?: number | undefined;
}

/** How a ZIP file is read. */
export interface ZipReadOptions extends ZipLimits {
  /** Whether a member is wanted. Others are not unpacked. @param name Its path in the ZIP file, with `/`. */
  accept?: ((name: string) => boolean) | undefined;
  /** Ends the reading when it aborts. */
  signal?: AbortSignal | undefined;
}

/** A member of a ZIP file. */
export interface ZipMember {
  /** Its path in the ZIP file, with `/`, which never leads out of it. */
  readonly name: string;
  readonly source: ConverterSource;
}

const MIB = 1024 * 1024;

/**
 * The members of a ZIP file, without its folders, in its order, one at a time in memory.
 * @throws FileFormatError when it is no ZIP file, is damaged or encrypted, goes beyond a limit, or a name leads out of
 * it; the reason of `signal` when it aborts.
 */
export async function* readZip(source: ConverterSource, options: ZipReadOptions = {}): AsyncGenerator<ZipMember> {
  const { maxBytes = 64 * MIB, maxMembers = 10_000, maxTotalBytes = 256 * MIB, accept, signal } = options;
  limitSize(source, maxBytes);
  const zip = await explained(source, async () => fromBufferPromise(await source.bytes()));
  const entries = zip.eachEntry();
  let members = 0;
  let totalBytes = 0;
  for (;;) {
    // Names are checked by the library: neither absolute, nor with `..`, with `\` read as `/`.
    const next = await explained(source, () => entries.next());
    signal?.throwIfAborted();
    if (next.done) return;
    const entry = next.value;
    members += 1;
    if (members > maxMembers) throw beyond(source, `at most ${maxMembers} members`);
    const name = entry.fileName;
    if (name.endsWith('/') || (accept && !accept(name))) continue;
    totalBytes += entry.uncompressedSize;
    if (totalBytes > maxTotalBytes) throw beyond(source, `at most ${maxTotalBytes} bytes unpacked`);
    limitRatio(source, entry, options.maxRatio ?? 200);
    const bytes = await explained(source, () => unpack(zip, entry));
    const modifiedAt = entry.getLastModDate();
    yield { name, source: new MemorySource({ bytes, path: join(source.path, name), modifiedAt }) };
  }
}

function limitRatio(source: ConverterSource, { fileName, compressedSize, uncompressedSize }: Entry, max: number): void {
  if (uncompressedSize <= MIB || uncompressedSize <= compressedSize * max) return;
  throw beyond(source, `no member more than ${max} times as big as packed, as '${fileName}' is`);
}

/** The content; the library ends a member that is bigger than it says. */
async function unpack(zip: ZipFile, entry: Entry): Promise<Buffer> {
  if (entry.isEncrypted()) throw new Error(`'${entry.fileName}' is encrypted`);
  const stream = await zip.openReadStreamPromise(entry);
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What the library and zlib throw, as an error of ours. */
async function explained<T>(source: ConverterSource, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause;
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new FileFormatError(`${source.name} cannot be unpacked (${words}): expected a sound ZIP file`, {
      cause,
      expected: 'a sound ZIP file',
    });
  }
}

function beyond(source: ConverterSource, expected: string): FileFormatError {
  return new FileFormatError(`${source.name} goes beyond what is unpacked: expected ${expected}`, { expected });
}

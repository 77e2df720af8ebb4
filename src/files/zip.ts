/** Zipping a file, or several as one, into a folder under a name that nobody has. */
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import yazl from 'yazl';
import { silentLogger } from '../observe/logger.js';
import { discard, tempName, writeAll } from './atomic-write.js';
import type { FileSystem } from './file-system.js';
import { withEnding } from './names.js';
import { makeFolder, publish } from './place.js';

/** One file that is zipped. */
export interface ZipEntry {
  content: Readable;
  /** Its name inside the archive. */
  name: string;
  modifiedAt: Date;
  /** SHA-256 of the content; it stands in the archive's comment, so that the ZIP can be told for what it is. */
  sha256: string;
}

/** Several files that are zipped as one. */
export interface ZipSet extends Omit<ZipEntry, 'content'> {
  /** Opened one after the other. Names have `/`, relative to the set. */
  entries: readonly { name: string; modifiedAt: Date; open: () => Readable }[];
}

/** Writes `{name}.zip` into `folder`: temp file, fsync, then its name. @returns The path. */
export async function zipInto(
  fs: FileSystem,
  entry: ZipEntry | ZipSet,
  folder: string,
  temp = tempName(join(folder, entry.name)),
): Promise<string> {
  await makeFolder(fs, folder);
  try {
    await writeZip(fs, entry, temp);
    return await publish(fs, temp, folder, withEnding(entry.name, '.zip'));
  } catch (error) {
    await discard(fs, temp, silentLogger);
    throw error;
  }
}

/** Whether the ZIP at `path` is one that {@link zipInto} made of this content. */
export async function isZipOf(fs: FileSystem, path: string, sha256: string): Promise<boolean> {
  const file = await fs.open(path, 'r');
  try {
    const comment = Buffer.from(commentOf(sha256));
    const end = Buffer.alloc(comment.length);
    const { size } = await file.stat();
    const { bytesRead } = await file.read(end, 0, end.length, Math.max(0, size - end.length));
    return bytesRead === end.length && end.equals(comment);
  } finally {
    await file.close();
  }
}

function commentOf(sha256: string): string {
  return `sha256 ${sha256}`;
}

async function writeZip(fs: FileSystem, what: ZipEntry | ZipSet, target: string): Promise<void> {
  const file = await fs.open(target, 'wx');
  const set = 'entries' in what ? what : { ...what, entries: [{ ...what, open: () => what.content }] };
  const opened: Readable[] = 'content' in what ? [what.content] : [];
  try {
    // Only now, so that its output is listened to from the first moment: an error that nobody hears ends the process.
    for await (const chunk of zipped(set, opened)) await writeAll(file, chunk as Uint8Array);
    // The ZIP is as old as what is in it.
    await file.utimes(what.modifiedAt, what.modifiedAt);
    await file.sync();
  } finally {
    for (const content of opened) content.destroy();
    await file.close();
  }
}

/** @param opened What was opened is added to it. */
function zipped({ entries, sha256 }: ZipSet, opened: Readable[]): Readable {
  const zip = new yazl.ZipFile();
  const output = zip.outputStream as unknown as Readable;
  for (const { name, modifiedAt, open } of entries) {
    // The format knows `/` alone, and refuses a name with `\`, which is a letter like any other on POSIX.
    zip.addReadStreamLazy(name.replaceAll('\\', '_'), { mtime: modifiedAt }, give => {
      const content = open();
      opened.push(content);
      // yazl reports a source that fails on the archive object and leaves its stream open for ever.
      content.once('error', error => output.destroy(error));
      give(null, content);
    });
  }
  const end = { forceZip64Format: false, comment: commentOf(sha256) };
  zip.end(end);
  zip.on('error', (error: Error) => output.destroy(error));
  return output;
}

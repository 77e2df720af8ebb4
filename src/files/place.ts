/** Placing a file in a folder under a name that nobody has: nothing is ever overwritten, on one volume or across two. */
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { MillraceError, systemCode } from '../errors.js';
import { silentLogger } from '../observe/logger.js';
import { discard, syncFolder, tempName, writeAll } from './atomic-write.js';
import { whileBusy } from './busy.js';
import type { FileSystem, OpenFile } from './file-system.js';
import { takeFreeName } from './free-name.js';

/** File systems without hard links say so in one of these ways. */
const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL', 'UNKNOWN']);
const COPY_CHUNK_BYTES = 256 * 1024;

/** A file that has a second name now. */
export interface Placed {
  path: string;
  by: 'linked' | 'renamed' | 'copied';
}

/** What is known of the file that is placed. */
export interface Source {
  sha256: string;
  /** The name of a copy until it is whole. */
  temp?: string;
  /** It is a symbolic link; looked at where that is not known. */
  isLink?: boolean | undefined;
}

/**
 * Gives the file at `source` a second name in `folder`, exclusively. Across volumes it is a copy: written to a temp
 * file, fsynced, compared by checksum, and only then given its name; so it is of a symbolic link, whose own name may mean
 * nothing elsewhere. The source stays where it is.
 * @returns The new path, and how it came to be: 'renamed' means that the source is gone, as where there are no hard links.
 */
export async function placeInto(
  fs: FileSystem,
  source: string,
  folder: string,
  name: string,
  { sha256, temp = tempName(join(folder, name)), isLink }: Source,
): Promise<Placed> {
  if (isLink ?? (await fs.lstat(source)).isSymbolicLink()) return copied();
  let sourceGone = false;
  const link = (): Promise<string> =>
    takeFreeName(fs, folder, name, async target => {
      sourceGone = await linkOrRename(fs, source, target, false);
    });
  try {
    const path = await inFolder(fs, folder, link);
    return { path, by: sourceGone ? 'renamed' : 'linked' };
  } catch (error) {
    if (systemCode(error) !== 'EXDEV') throw error;
    return copied();
  }

  async function copied(): Promise<Placed> {
    await makeFolder(fs, folder);
    return { path: await copyInto(fs, source, name, sha256, temp), by: 'copied' };
  }
}

/** Runs `task`, and once more with the folder made where it is missing: it is there for all files but the first. */
async function inFolder<T>(fs: FileSystem, folder: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    await makeFolder(fs, folder);
    return task();
  }
}

/** Gives a file that we wrote ourselves its final name in `folder`, exclusively, and makes that durable. */
export async function publish(fs: FileSystem, temp: string, folder: string, name: string): Promise<string> {
  const path = await takeFreeName(fs, folder, name, async target => {
    await linkOrRename(fs, temp, target);
  });
  await syncFolder(fs, folder);
  return path;
}

/**
 * Moves `source` to `target`, which must not exist (`EEXIST`): by a hard link, or where there is none by a rename onto
 * a placeholder that is created exclusively.
 * @param unlinkSource Remove the old name, too. Default true.
 * @returns Whether the old name is gone.
 */
export async function linkOrRename(
  fs: FileSystem,
  source: string,
  target: string,
  unlinkSource = true,
): Promise<boolean> {
  try {
    await fs.link(source, target);
  } catch (error) {
    if (!NO_HARD_LINKS.has(systemCode(error) ?? '')) throw error;
    await (await fs.open(target, 'wx')).close();
    try {
      await whileBusy(() => fs.rename(source, target));
    } catch (renameError) {
      await discard(fs, target, silentLogger);
      throw renameError;
    }
    return true;
  }
  if (unlinkSource) await whileBusy(() => fs.unlink(source));
  return unlinkSource;
}

/** Creates a folder with those above it, unless it is there. */
export async function makeFolder(fs: FileSystem, folder: string): Promise<void> {
  await fs.mkdir(folder, { recursive: true });
}

async function copyInto(fs: FileSystem, source: string, name: string, sha256: string, temp: string): Promise<string> {
  try {
    const copied = await copyDurably(fs, source, temp);
    if (copied !== sha256) throw new MillraceError('SOURCE_CHANGED', `${source} changed before it was moved`);
    return await publish(fs, temp, dirname(temp), name);
  } catch (error) {
    await discard(fs, temp, silentLogger);
    throw error;
  }
}

/** Copies a file that nobody else writes any more, and compares what was read with what was written. */
export async function copyVerified(fs: FileSystem, source: string, target: string): Promise<void> {
  const read = createHash('sha256');
  const written = await copyDurably(fs, source, target, chunk => read.update(chunk));
  if (written !== read.digest('hex'))
    throw new MillraceError('SOURCE_CHANGED', `${target} is not what was copied to it`);
}

/** Copies content and mtime to a new file, fsyncs it, and returns the SHA-256 of what was read back from it. */
async function copyDurably(
  fs: FileSystem,
  source: string,
  target: string,
  onChunk: (chunk: Uint8Array) => void = () => undefined,
): Promise<string> {
  const from = await fs.open(source, 'r');
  try {
    return await copyOpen(fs, from, target, onChunk);
  } finally {
    await from.close();
  }
}

/** Does so from a file that is open already, and may have no name any more. */
export async function copyOpen(
  fs: FileSystem,
  from: OpenFile,
  target: string,
  onChunk: (chunk: Uint8Array) => void = () => undefined,
): Promise<string> {
  const to = await fs.open(target, 'wx+');
  try {
    const buffer = Buffer.allocUnsafe(COPY_CHUNK_BYTES);
    for (let offset = 0, bytesRead = -1; bytesRead !== 0; offset += bytesRead) {
      bytesRead = (await from.read(buffer, 0, buffer.length, offset)).bytesRead;
      const chunk = buffer.subarray(0, bytesRead);
      onChunk(chunk);
      await writeAll(to, chunk);
    }
    const { mtimeMs } = await from.stat();
    await to.utimes(new Date(mtimeMs), new Date(mtimeMs));
    await to.sync();
    const hash = createHash('sha256');
    for (let offset = 0, bytesRead = -1; bytesRead !== 0; offset += bytesRead) {
      bytesRead = (await to.read(buffer, 0, buffer.length, offset)).bytesRead;
      hash.update(buffer.subarray(0, bytesRead));
    }
    return hash.digest('hex');
  } finally {
    await to.close();
  }
}

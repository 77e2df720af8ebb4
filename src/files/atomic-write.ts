/** Writing a whole file so that it is either there, complete and on the disk, or not there at all. */
import { dirname } from 'node:path';
import { systemCode } from '../errors.js';
import { type Logger, silentLogger } from '../observe/logger.js';
import { whileBusy } from './busy.js';
import { type FileSystem, PRIVATE_FILE } from './file-system.js';

/** The ending of files that are being written. Such a file is never data, and one that is found at start is a leftover. */
export const TEMP_SUFFIX = '.millrace-tmp';

/**
 * The temp file of one task in a folder that is not ours to sweep: whoever takes the task up after a crash knows the
 * name, and removes what is left of it.
 */
export function scratchName(folder: string, tag: string): string {
  return `${folder}/.${tag}${TEMP_SUFFIX}`;
}

let tempCounter = 0;

/** A name in the same folder (so that the rename stays on the volume) that no other write of this process uses. */
export function tempName(path: string): string {
  // Not derived from the file's own name: that may already be as long as a name can be.
  return `${dirname(path)}/.${process.pid}-${++tempCounter}${TEMP_SUFFIX}`;
}

/**
 * Writes `content` to a temp file in the same folder, fsyncs it, renames it to `path` and fsyncs the folder.
 * Replaces what is there. On any failure the temp file is removed and `path` is as it was.
 */
export async function writeAtomic(
  fs: FileSystem,
  path: string,
  content: string | Uint8Array,
  logger: Logger = silentLogger,
  temp = tempName(path),
): Promise<void> {
  try {
    await writeDurably(fs, temp, content);
    await whileBusy(() => fs.rename(temp, path));
  } catch (error) {
    await discard(fs, temp, logger);
    throw error;
  }
  await syncFolder(fs, dirname(path));
}

/** Creates `path`, which must not exist, with `content`, and resolves when the content is on the disk. */
export async function writeDurably(fs: FileSystem, path: string, content: string | Uint8Array): Promise<void> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const file = await fs.open(path, 'wx', PRIVATE_FILE);
  try {
    await writeAll(file, bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Writes all of `bytes` at the current position: one `write` may take only a part. */
export async function writeAll(
  file: { write: (b: Uint8Array, o: number, l: number) => Promise<{ bytesWritten: number }> },
  bytes: Uint8Array,
): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) {
    offset += (await file.write(bytes, offset, bytes.length - offset)).bytesWritten;
  }
}

/** Makes renames, creations and removals in a folder durable. Windows has no such call and needs none. */
export async function syncFolder(fs: FileSystem, folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await fs.open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some network and FUSE file systems cannot fsync a folder; their renames are as durable as they get.
    if (!['EINVAL', 'ENOTSUP', 'EPERM', 'EBADF', 'EISDIR'].includes(systemCode(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

/** Removes a file that may already be gone; `false` when it was. */
export async function removeIfThere(fs: FileSystem, path: string): Promise<boolean> {
  try {
    await whileBusy(() => fs.unlink(path));
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Removes our own half-written file after a failure; what cannot be removed now is swept at the next start ({@link TEMP_SUFFIX}). */
export async function discard(fs: FileSystem, path: string, logger: Logger): Promise<void> {
  await removeIfThere(fs, path).catch((error: Error) =>
    logger.debug({ file: path, err: error }, 'A temp file could not be removed; the next start removes it'),
  );
}

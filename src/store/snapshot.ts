/** Reading and writing the snapshot file without holding up the event loop or the journal's fsyncs. */
import { systemCode, toError } from '../errors.js';
import { discard, syncFolder, writeAll } from '../files/atomic-write.js';
import { whileBusy } from '../files/busy.js';
import { type FileSystem, type OpenFile, PRIVATE_FILE } from '../files/file-system.js';
import type { Logger } from '../observe/logger.js';
import type { StoreFiles } from './store-files.js';

const READ_BYTES = 4 * 1024 * 1024;
/** Written and flushed at once: an fsync of the journal that comes in between waits for no more than this. */
const WRITE_BYTES = 1024 * 1024;

/** The whole snapshot in memory of its own; `undefined` when there is none. */
export async function readSnapshot(fs: FileSystem, files: StoreFiles): Promise<Buffer | undefined> {
  let file: OpenFile;
  try {
    file = await fs.open(files.db, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const bytes = Buffer.allocUnsafeSlow((await file.stat()).size);
    let end = 0;
    while (end < bytes.length) {
      const { bytesRead } = await file.read(bytes, end, Math.min(READ_BYTES, bytes.length - end), end);
      if (bytesRead === 0) break;
      end += bytesRead;
    }
    return bytes.subarray(0, end);
  } finally {
    await file.close();
  }
}

/** Writes a snapshot under its temporary name; it is on the disk when this resolves. */
export async function prepareSnapshot(
  fs: FileSystem,
  files: StoreFiles,
  bytes: Uint8Array,
  logger: Logger,
): Promise<void> {
  try {
    const file = await fs.open(files.dbTemp, 'w', PRIVATE_FILE);
    try {
      for (let at = 0; at < bytes.length; at += WRITE_BYTES) {
        await writeAll(file, bytes.subarray(at, at + WRITE_BYTES));
        await file.datasync();
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    await discard(fs, files.dbTemp, logger);
    throw error;
  }
}

/** Puts the prepared snapshot in the place of the last one. */
export async function installSnapshot(fs: FileSystem, files: StoreFiles, logger: Logger): Promise<void> {
  try {
    await whileBusy(() => fs.rename(files.dbTemp, files.db));
    await syncFolder(fs, files.directory);
  } catch (error) {
    logger.debug({ file: files.db, err: toError(error) }, 'The snapshot could not be put in place');
    await discard(fs, files.dbTemp, logger);
    throw error;
  }
}

/** Writing a whole file from pieces, so that it is either there, complete and on the disk, or not there at all. */
import { dirname } from 'node:path';
import type { Logger } from '../observe/logger.js';
import { discard, syncFolder, tempName, writeAll } from './atomic-write.js';
import { whileBusy } from './busy.js';
import { type FileSystem, PRIVATE_FILE } from './file-system.js';

/** As `writeAtomic`, in bounded memory. Replaces what is there. */
export async function writeStreamed(
  fs: FileSystem,
  path: string,
  pieces: AsyncIterable<string>,
  logger: Logger,
): Promise<void> {
  const temp = tempName(path);
  try {
    const file = await fs.open(temp, 'wx', PRIVATE_FILE);
    try {
      for await (const piece of pieces) await writeAll(file, Buffer.from(piece));
      await file.datasync();
    } finally {
      await file.close();
    }
    await whileBusy(() => fs.rename(temp, path));
  } catch (error) {
    await discard(fs, temp, logger);
    throw error;
  }
  await syncFolder(fs, dirname(path));
}

/** Finding what an interrupted move has already placed, so that doing it again does not place it twice. */
import { join } from 'node:path';
import { systemCode } from '../errors.js';
import type { FileStat, FileSystem } from './file-system.js';
import { firstFree } from './free-name.js';
import { numbered } from './names.js';

/** How many of the newest names are looked at: an interrupted move is among the last that came to the folder. */
const LOOK_BACK = 64;

/**
 * The newest file in `folder` under `name` or one of its numbered forms for which `matches` holds.
 */
export async function findPlaced(
  fs: FileSystem,
  folder: string,
  name: string,
  matches: (path: string, stat: FileStat) => boolean | Promise<boolean>,
): Promise<string | undefined> {
  const free = await firstFree(fs, folder, name, 0);
  for (let number = free - 1; number >= Math.max(0, free - LOOK_BACK); number--) {
    const path = join(folder, numbered(name, number));
    try {
      if (await matches(path, await fs.lstat(path))) return path;
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  }
  return undefined;
}

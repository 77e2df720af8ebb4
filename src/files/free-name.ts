/** Taking a name that nobody has: `a.csv`, else `a_1.csv`, `a_2.csv`, …, atomically and at a cost that hardly grows. */
import { join } from 'node:path';
import { systemCode } from '../errors.js';
import type { FileSystem } from './file-system.js';
import { numbered } from './names.js';

/**
 * Calls `create` with the first free name until it succeeds. `create` must itself be exclusive and throw `EEXIST` when
 * the name is taken after all: looking first only saves calls, it decides nothing.
 * @returns The path that was created.
 */
export async function takeFreeName(
  fs: FileSystem,
  folder: string,
  name: string,
  create: (path: string) => Promise<void>,
): Promise<string> {
  for (let number = 0; ; ) {
    const path = join(folder, numbered(name, number));
    try {
      await create(path);
      return path;
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
    number = await firstFree(fs, folder, name, number + 1);
  }
}

/**
 * The first free number from `start` on. Stations write `result.csv` every cycle, so a folder may hold thousands:
 * doubling steps and then halving them needs some 30 looks for a million names.
 */
export async function firstFree(fs: FileSystem, folder: string, name: string, start: number): Promise<number> {
  let free = start;
  for (let step = 1; await exists(fs, join(folder, numbered(name, free))); step *= 2) free += step;
  let taken = start - 1;
  while (free - taken > 1) {
    const middle = Math.floor((free + taken) / 2);
    if (await exists(fs, join(folder, numbered(name, middle)))) taken = middle;
    else free = middle;
  }
  return free;
}

/** Whether there is anything of this name. @throws Node's own error when that cannot be told. */
export async function exists(fs: FileSystem, path: string): Promise<boolean> {
  try {
    await fs.lstat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

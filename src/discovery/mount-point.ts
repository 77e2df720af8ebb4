/** Where the volume of a folder is mounted. */
import { dirname } from 'node:path';
import type { FileSystem } from '../files/file-system.js';
import { isInside } from '../files/names.js';

const LINUX_MOUNTS = '/proc/self/mountinfo';

/** The innermost mount point that a folder lies in, or is. @throws Node's errors when the folder cannot be reached. */
export async function mountPointOf(fs: FileSystem, folder: string): Promise<string> {
  const real = await fs.realpath(folder);
  // The system's own list also knows of folders that are mounted within one volume.
  const listed = process.platform === 'linux' ? await fs.readFile(LINUX_MOUNTS).catch(() => undefined) : undefined;
  return listed ? innermost(listed.toString('utf8'), real) : whereTheVolumeChanges(fs, real);
}

function innermost(mounts: string, folder: string): string {
  let found = '/';
  for (const line of mounts.split('\n')) {
    const escaped = line.split(' ', 5)[4];
    if (escaped === undefined) continue;
    const point = escaped.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    if (point.length > found.length && isInside(point, folder)) found = point;
  }
  return found;
}

async function whereTheVolumeChanges(fs: FileSystem, folder: string): Promise<string> {
  const { dev } = await fs.stat(folder);
  let point = folder;
  for (let above = dirname(point); above !== point; above = dirname(point)) {
    if ((await fs.stat(above)).dev !== dev) break;
    point = above;
  }
  return point;
}

/** All files under the names of blobs, a day at a time. */
import { systemCode } from '../../errors.js';
import { isOurs } from '../../files/names.js';
import type { ArchiveContext } from '../archive-context.js';

/** The files of one day, relative to the archive's folder. */
export interface BlobDay {
  /** `2026/02/13` */
  day: string;
  paths: string[];
}

/** @param kind Which of the two trees. */
export async function* blobDays(context: ArchiveContext, kind: 'sources' | 'reports'): AsyncGenerator<BlobDay> {
  for (const year of await names(context, kind, /^\d{4}$/)) {
    for (const month of await names(context, `${kind}/${year}`, /^\d{2}$/)) {
      for (const day of await names(context, `${kind}/${year}/${month}`, /^\d{2}$/)) {
        const folder = `${kind}/${year}/${month}/${day}`;
        const files = await names(context, folder, /./);
        const paths = files.filter(name => !isOurs(name)).map(name => `${folder}/${name}`);
        if (paths.length > 0) yield { day: `${year}/${month}/${day}`, paths };
      }
    }
  }
}

/** Whether there is any archived source at all. */
export async function hasBlobs(context: ArchiveContext): Promise<boolean> {
  for await (const _ of blobDays(context, 'sources')) return true;
  return false;
}

/** The id in the name of a blob, as far as it looks like one. */
export function idInPath(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).slice(0, 33);
}

async function names({ fs, blobs }: ArchiveContext, folder: string, pattern: RegExp): Promise<string[]> {
  try {
    return (await fs.readdir(blobs.path(folder))).filter(name => pattern.test(name)).sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return [];
    throw error;
  }
}

/** Lists the files below a folder. The names alone, as a stream: statting them is the caller's to pace. */
import { MillraceError } from '../errors.js';
import type { FileStat, FileSystem } from '../files/file-system.js';
import { followLinks } from './links.js';
import { listFiles, type ScanOptions } from './list-files.js';

/**
 * Yields paths relative to the root, with `/`, in no order. Hidden files are left out. A symbolic link to a folder inside
 * the root is followed where the folder's files would not be found under their own names; see {@link followLinks}.
 * @throws MillraceError `FOLDER_MISSING` when the root is not a folder that can be reached: an empty list would read as
 * "nothing to do" for a share that is away.
 */
export async function* scanFolder(options: ScanOptions): AsyncGenerator<string> {
  await requireFolder(options.fs, options.root);
  const links: string[] = [];
  for await (const { path, link } of listFiles(options, options.root, '')) {
    if (link) links.push(path);
    else yield path;
  }
  if (links.length > 0) yield* followLinks(options, links);
}

/** @throws MillraceError `FOLDER_MISSING` unless `folder` is a folder that can be reached. */
export async function requireFolder(fs: FileSystem, folder: string): Promise<FileStat> {
  const stat = await fs.stat(folder).catch((cause: Error) => {
    throw new MillraceError('FOLDER_MISSING', `${folder} cannot be reached: ${cause.message}`, { cause });
  });
  if (!stat.isDirectory()) throw new MillraceError('FOLDER_MISSING', `${folder} is not a folder`);
  return stat;
}

/** Lists the files below a folder. The names alone, as a stream: statting them is the caller's to pace. */
import fastGlob from 'fast-glob';
import { MillraceError } from '../errors.js';
import type { FileSystem } from '../files/file-system.js';

/** What is listed. */
export interface ScanOptions {
  fs: FileSystem;
  root: string;
  recursive: boolean;
  /** Folders below the root that are left out, relative to it, with `/`. */
  excludedFolders: readonly string[];
  signal?: AbortSignal;
}

/**
 * Yields paths relative to the root, with `/`, in no order. Hidden files are left out and symbolic links are not followed.
 * @throws MillraceError `FOLDER_MISSING` when the root is not a folder that can be reached: an empty list would read as
 * "nothing to do" for a share that is away.
 */
export async function* scanFolder(options: ScanOptions): AsyncGenerator<string> {
  const { fs, root, recursive, excludedFolders, signal } = options;
  await requireFolder(fs, root);
  const ignore = excludedFolders.map(folder => `${fastGlob.escapePath(folder)}/**`);
  // `cwd` and a pattern without it: a root with brackets in its name would else be read as a pattern.
  const names = fastGlob.stream(recursive ? '**/*' : '*', {
    cwd: root,
    ignore,
    onlyFiles: true,
    dot: false,
    followSymbolicLinks: false,
    suppressErrors: true,
  });
  for await (const name of names) {
    if (signal?.aborted) return;
    yield String(name);
  }
}

/** @throws MillraceError `FOLDER_MISSING` unless `folder` is a folder that can be reached. */
export async function requireFolder(fs: FileSystem, folder: string): Promise<void> {
  const stat = await fs.stat(folder).catch((cause: Error) => {
    throw new MillraceError('FOLDER_MISSING', `${folder} cannot be reached: ${cause.message}`, { cause });
  });
  if (!stat.isDirectory()) throw new MillraceError('FOLDER_MISSING', `${folder} is not a folder`);
}

/** One walk through a folder with fast-glob: files, and links that may lead to some. */
import { type Dirent, readdir } from 'node:fs';
import { join } from 'node:path';
import fastGlob from 'fast-glob';
import { systemCode } from '../errors.js';
import type { FileSystem } from '../files/file-system.js';

/** What is listed. */
export interface ScanOptions {
  fs: FileSystem;
  root: string;
  recursive: boolean;
  /** How many folders below the root files may lie. Default: no limit. */
  maxDepth?: number;
  /** Folders below the root that are left out, relative to it, with `/`. */
  excludedFolders: readonly string[];
  signal?: AbortSignal;
  /** A folder could not be listed; the scan goes on without it. @param path Absolute. */
  onError?: (error: Error, path: string) => void;
  /** A symbolic link leads out of the root and is not followed. @param path Absolute. */
  onEscape?: (path: string, target: string) => void;
}

/** A file, or a link that may lead to some. */
export interface Listed {
  /** Relative to the root, with `/`. */
  path: string;
  link: boolean;
}

/** Everything below one folder. @param prefix Put before each path; `x/` for a folder that is known as `x`. */
export async function* listFiles(options: ScanOptions, folder: string, prefix: string): AsyncGenerator<Listed> {
  const { recursive, maxDepth = Number.POSITIVE_INFINITY, excludedFolders, signal } = options;
  const depth = prefix.split('/').length - 1;
  const ignore = excludedFolders.map(excluded => `${fastGlob.escapePath(excluded)}/**`);
  // `cwd` and a pattern without it: a root with brackets in its name would else be read as a pattern.
  const found = fastGlob.stream(recursive ? '**/*' : '*', {
    cwd: folder,
    ignore: prefix === '' ? ignore : [],
    deep: maxDepth - depth + 1,
    onlyFiles: false,
    objectMode: true,
    dot: false,
    followSymbolicLinks: false,
    suppressErrors: true,
    fs: { readdir: tolerantReaddir(options) as unknown as fastGlob.FileSystemAdapter['readdir'] },
  });
  for await (const entry of found) {
    if (signal?.aborted) return;
    const { path, dirent } = entry as unknown as fastGlob.Entry;
    if (dirent.isFile()) yield { path: prefix + path, link: false };
    else if (dirent.isSymbolicLink()) yield { path: prefix + path, link: true };
  }
}

type Readdir = (
  path: string,
  options: { withFileTypes: true },
  callback: (error: NodeJS.ErrnoException | null, entries: Dirent[]) => void,
) => void;

/** A folder that cannot be read is told of, and is empty for the scan: the others are listed all the same. */
function tolerantReaddir({ root, onError }: ScanOptions): Readdir {
  return (path, options, callback) =>
    readdir(path, options, (error, entries) => {
      // Gone since it was listed: so are its files.
      if (error && systemCode(error) !== 'ENOENT') onError?.(error, join(root, path));
      callback(null, error ? [] : entries);
    });
}

/** Symbolic links in a watch folder: followed inside it only, each place once. */
import { join } from 'node:path';
import { isInside, relativeTo } from '../files/names.js';
import { listFiles, type ScanOptions } from './list-files.js';

/** Where a link leads to. */
export type LinkTarget =
  /** Out of the root. */
  | { kind: 'outside'; target: string }
  /** To a folder inside the root that a scan does not come to by itself, so that it is looked into here. */
  | { kind: 'folder'; target: string }
  /** To a file inside the root that a scan does not come to by itself, so that it is taken under the link's name. */
  | { kind: 'file'; target: string }
  /** To what has a name of its own in the root, or is left out there. */
  | { kind: 'alias'; target: string }
  /** Nowhere, or back to itself. */
  | { kind: 'broken' };

/** Looks where a link leads to. @param path Absolute. */
export async function resolveLink(
  options: Pick<ScanOptions, 'fs' | 'root' | 'recursive' | 'excludedFolders' | 'maxDepth'>,
  path: string,
): Promise<LinkTarget> {
  const { fs, root, recursive, excludedFolders } = options;
  const maxDepth = recursive ? (options.maxDepth ?? Number.POSITIVE_INFINITY) : 0;
  const target = await fs.realpath(path).catch(() => undefined);
  if (target === undefined) return { kind: 'broken' };
  const realRoot = await fs.realpath(root);
  if (!isInside(realRoot, target)) return { kind: 'outside', target };
  const below = relativeTo(realRoot, target);
  const folders = below.split('/');
  // The root itself would be walked for ever.
  if (below === '') return { kind: 'alias', target };
  const stat = await fs.stat(target).catch(() => undefined);
  const isFolder = stat?.isDirectory() ?? false;
  if (!isFolder && !stat?.isFile()) return { kind: 'alias', target };
  const leftOut = excludedFolders.some(folder => below === folder || below.startsWith(`${folder}/`));
  const depth = isFolder ? folders.length : folders.length - 1;
  const reached = depth <= maxDepth && !folders.some(name => name.startsWith('.'));
  if (leftOut || reached) return { kind: 'alias', target };
  return { kind: isFolder ? 'folder' : 'file', target };
}

/** The files behind links, under the links' names. A place that was seen is not entered again, so loops end. */
export async function* followLinks(options: ScanOptions, links: readonly string[]): AsyncGenerator<string> {
  const { root, recursive, maxDepth = Number.POSITIVE_INFINITY } = options;
  const queue = [...links];
  const entered = new Set<string>();
  for (let link = queue.shift(); link !== undefined; link = queue.shift()) {
    const path = join(root, link);
    const found = await resolveLink(options, path);
    if (found.kind === 'outside') options.onEscape?.(path, found.target);
    if (found.kind === 'file' && !entered.has(found.target)) {
      entered.add(found.target);
      yield link;
    }
    if (found.kind !== 'folder' || !recursive || link.split('/').length > maxDepth) continue;
    if (entered.has(found.target)) continue;
    entered.add(found.target);
    for await (const { path: below, link: isLink } of listFiles(options, found.target, `${link}/`)) {
      if (isLink) queue.push(below);
      else yield below;
    }
  }
}

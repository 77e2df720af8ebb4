/** A folder as a unit; see `FolderConverter`. */
import { basename, dirname, join } from 'node:path';
import picomatch from 'picomatch';
import { GLOB } from '../../converters/converter-base.js';
import { type FolderConverter, markerOf } from '../../converters/folder-converter.js';
import { SetSource } from '../../converters/set-source.js';
import { isUnfinished, neverData } from '../../discovery/never-data.js';
import { isBusy, whileBusy } from '../../files/busy.js';
import { identityOfSet, type Member } from '../../files/file-set.js';
import { exists } from '../../files/free-name.js';
import { TAKEN_SUFFIX } from '../../files/names.js';
import { systemError } from '../../files/system-error.js';
import { gatherInto, listTree, moveFolder, type Tree } from '../../files/tree.js';
import type { UnitKind } from './unit-kind.js';

type AnyFolderConverter = Pick<FolderConverter, 'folderPatterns' | 'marker' | 'waitsFor'>;

/** Folders below the watch folder, each one unit. */
export function folderUnit(converter: AnyFolderConverter): UnitKind {
  const isUnit = picomatch([...converter.folderPatterns], GLOB);
  const deepest = Math.max(
    ...converter.folderPatterns.map(pattern => (pattern.includes('**') ? 32 : depthOf(pattern))),
  );
  const members = (tree: Tree, path: string): Member[] => {
    const marker = markerOf(converter.marker, path);
    return tree.files.filter(({ name }) => name !== marker && !name.split('/').some(neverData));
  };
  const folderOf = (path: string): string | undefined => {
    const parts = path.split('/');
    // A file is in a folder, and is none.
    for (let depth = 1; depth < parts.length && depth <= deepest; depth++) {
      const folder = parts.slice(0, depth).join('/');
      if (isUnit(folder)) return folder;
    }
    return undefined;
  };
  return {
    deep: true,
    of: path => folderOf(path) ?? path,
    refuses: path =>
      folderOf(path) === undefined
        ? `it lies in no folder that matches ${converter.folderPatterns.join(', ')}`
        : undefined,
    companions: () => [],
    accompanied: () => [],
    look: async (fs, path) => {
      const tree = await listTree(fs, path);
      // A folder in which nothing ever was is nobody's result.
      if (!tree || tree.files.length === 0) return undefined;
      const files = members(tree, path);
      const waitsFor = reasonToWait(converter, path, tree, files);
      return {
        identity: identityOfSet(files),
        ctimeMs: tree.ctimeMs,
        ...(waitsFor === undefined ? {} : { waitsFor }),
      };
    },
    read: async (fs, { path, location, copyTo }) => {
      const tree = await listTree(fs, location);
      if (!tree) throw systemError('ENOENT', location);
      const at = (folder: string) => (name: string) => join(folder, name);
      return SetSource.read({
        fs,
        path,
        name: basename(path),
        copyTo,
        members: members(tree, path),
        locate: name => ({ location: at(location)(name), path: at(path)(name) }),
      });
    },
    tree: {
      isPlain: async (fs, { path, location }) => {
        if (location === path) return false;
        return (await exists(fs, location)) ? (await fs.lstat(location)).isFile() : undefined;
      },
      take: async (fs, path, taken) => {
        if (await exists(fs, taken)) return;
        const part = `${taken.slice(0, -TAKEN_SUFFIX.length)}-part${TAKEN_SUFFIX}`;
        if (!(await exists(fs, part))) {
          if (!(await exists(fs, path))) return;
          try {
            return await whileBusy(() => fs.rename(path, taken));
          } catch (error) {
            if (!isBusy(error)) throw error;
          }
        }
        await gatherInto(fs, path, part);
        await fs.rename(part, taken);
      },
      giveBack: async (fs, folder, path) => void (await moveFolder(fs, folder, dirname(path), basename(path))),
      identityOf: (tree, path) => identityOfSet(members(tree, path)),
    },
  };
}

function reasonToWait(
  converter: AnyFolderConverter,
  path: string,
  tree: Tree,
  files: readonly Member[],
): string | undefined {
  const marker = markerOf(converter.marker, path);
  const marked = marker === undefined || tree.files.some(file => file.name === marker);
  const unfinished = tree.files.find(file => isUnfinished(basename(file.name)));
  // The marker is the tester's word; without one, a file that is still written says that the folder is not done.
  if (unfinished && (marker === undefined || !marked))
    return `'${unfinished.name}', which another program has not finished`;
  const listed = files.map(({ name, size, mtimeMs }) => ({ name, size, modifiedAt: new Date(mtimeMs) }));
  return converter.waitsFor({ name: basename(path), files: listed, marked });
}

function depthOf(pattern: string): number {
  return pattern.split('/').length;
}

/** A folder with everything in it as one thing: listing it, moving it without overwriting anything, removing it. */
import { join } from 'node:path';
import { systemCode } from '../errors.js';
import { syncFolder } from './atomic-write.js';
import { whileBusy } from './busy.js';
import type { Member } from './file-set.js';
import type { FileSystem } from './file-system.js';
import { exists, takeFreeName } from './free-name.js';
import { identityOf } from './identity.js';
import { copyVerified } from './place.js';
import { systemError } from './system-error.js';

/** What lies below a folder; names are relative to it, with `/`. */
export interface Tree {
  /** Regular files. */
  files: Member[];
  /** Folders, each before what is in it. */
  folders: string[];
  /** Links, sockets and the like, which are never followed or read. */
  others: string[];
  /** When content or metadata of anything in it last changed, in epoch ms. */
  ctimeMs: number;
}

/** Far deeper than any tester nests its folders, and an end to what a broken file system shows. */
const MAX_DEPTH = 32;

/** How often a folder in which files come and go is listed anew. */
const MAX_LOOKS = 5;

/** Everything below `folder`; `undefined` when there is no such folder. @throws Node's own error when it cannot be looked at. */
export async function listTree(fs: FileSystem, folder: string, looks = MAX_LOOKS): Promise<Tree | undefined> {
  const tree: Tree = { files: [], folders: [], others: [], ctimeMs: 0 };
  try {
    const stat = await fs.lstat(folder);
    if (!stat.isDirectory()) return undefined;
    tree.ctimeMs = stat.ctimeMs;
    await addTo(tree, fs, folder, '', MAX_DEPTH);
  } catch (error) {
    // Something in it went away while it was listed, or all of it.
    if (systemCode(error) !== 'ENOENT' || looks === 1) throw error;
    return (await exists(fs, folder)) ? listTree(fs, folder, looks - 1) : undefined;
  }
  return tree;
}

async function addTo(tree: Tree, fs: FileSystem, folder: string, prefix: string, depth: number): Promise<void> {
  for (const entry of await fs.readdir(join(folder, prefix))) {
    const name = prefix === '' ? entry : `${prefix}/${entry}`;
    const stat = await fs.lstat(join(folder, name));
    tree.ctimeMs = Math.max(tree.ctimeMs, stat.ctimeMs);
    if (stat.isFile()) {
      tree.files.push({ name, ...identityOf(stat) });
    } else if (stat.isDirectory() && depth > 0) {
      tree.folders.push(name);
      await addTo(tree, fs, folder, name, depth - 1);
    } else {
      tree.others.push(name);
    }
  }
}

/** Copies files and folders to `target`, which must not exist, each file fsynced and compared. Links are not content, and stay behind. */
export async function copyTree(fs: FileSystem, source: string, target: string, tree: Tree): Promise<void> {
  await fs.mkdir(target);
  for (const name of tree.folders) await fs.mkdir(join(target, name));
  for (const { name } of tree.files) await copyVerified(fs, join(source, name), join(target, name));
  for (const folder of [...tree.folders, '']) await syncFolder(fs, join(target, folder));
}

/** What a rename says where the new name is taken: a folder never replaces a file or a folder with anything in it. */
const NAME_TAKEN = new Set(['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EPERM', 'EACCES']);

/**
 * Renames a folder to `name` in `folder`, or to a numbered form of it. At once and on one volume (`EXDEV`). A folder
 * cannot replace anything but an empty folder, so that a look and then a rename lose nothing.
 * @returns The new path.
 */
export function moveFolder(fs: FileSystem, source: string, folder: string, name: string): Promise<string> {
  return takeFreeName(fs, folder, name, async target => {
    if (await exists(fs, target)) throw systemError('EEXIST', target);
    try {
      await whileBusy(() => fs.rename(source, target));
    } catch (error) {
      if (NAME_TAKEN.has(systemCode(error) ?? '') && (await exists(fs, target))) throw systemError('EEXIST', target);
      throw error;
    }
  });
}

/**
 * Moves what is in `source` to `target`, file by file, and removes `source` when nothing is left in it. For where a folder
 * cannot be renamed: on Windows, as long as anybody has a folder in it open, even to watch it. What `target` has already
 * is left where it is; called again, it goes on.
 */
export async function gatherInto(fs: FileSystem, source: string, target: string): Promise<void> {
  await fs.mkdir(target, { recursive: true });
  const tree = await listTree(fs, source);
  if (!tree) return;
  for (const name of tree.folders) await fs.mkdir(join(target, name), { recursive: true });
  for (const name of [...tree.files.map(file => file.name), ...tree.others]) {
    if (await exists(fs, join(target, name))) continue;
    await ifThere(() => fs.rename(join(source, name), join(target, name)));
  }
  await removeTree(fs, source, { ...tree, files: [], others: [] });
}

/**
 * Removes a folder with everything in it that `tree` names. What came into it since then is left, and the folder with it.
 * @returns Whether the folder is gone.
 */
export async function removeTree(fs: FileSystem, folder: string, tree: Tree): Promise<boolean> {
  for (const name of [...tree.files.map(file => file.name), ...tree.others]) {
    await ifThere(() => fs.unlink(join(folder, name)));
  }
  try {
    for (const name of [...tree.folders].reverse()) await ifThere(() => fs.rmdir(join(folder, name)));
    await ifThere(() => fs.rmdir(folder));
    return true;
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) throw error;
    return false;
  }
}

/** Removes a folder that is ours alone, with whatever is in it. */
export async function discardTree(fs: FileSystem, folder: string): Promise<void> {
  for (let gone = false; !gone; ) {
    const tree = await listTree(fs, folder);
    gone = tree === undefined || (await removeTree(fs, folder, tree));
  }
}

async function ifThere(operation: () => Promise<unknown>): Promise<void> {
  try {
    await whileBusy(operation);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

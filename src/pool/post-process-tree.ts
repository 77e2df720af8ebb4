/** As post-process.ts, for a unit of several files: it leaves the watch folder as a whole, and is one folder from then on. */
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { FileSource } from '../converters/file-source.js';
import { MillraceError, systemCode } from '../errors.js';
import { removeIfThere, scratchName } from '../files/atomic-write.js';
import type { FileStat, FileSystem } from '../files/file-system.js';
import { findPlaced } from '../files/find-placed.js';
import { exists } from '../files/free-name.js';
import { sameIdentity } from '../files/identity.js';
import { inside, isInside, takenName, withEnding } from '../files/names.js';
import { makeFolder } from '../files/place.js';
import { copyTree, discardTree, listTree, moveFolder, removeTree, type Tree } from '../files/tree.js';
import { isZipOf, zipInto } from '../files/zip.js';
import type { ActiveFile } from './active-file.js';
import { errorFilePath } from './error-file.js';
import { type Action, type PostProcessed, targetFolder } from './target.js';
import type { TreeKind } from './units/unit-kind.js';

/** The same promises as for a file: nothing is overwritten, and what came to the unit since it was read is left where it is. */
export async function postProcessTree(
  fs: FileSystem,
  file: ActiveFile,
  kind: TreeKind,
  action: Action,
  again: boolean,
): Promise<PostProcessed> {
  const { location, path, record, correlationId: tag } = file;
  const inPlace = location === path;
  if (inPlace && action === 'keep') return { location: null, kept: await exists(fs, path) };
  const target = action === 'delete' || action === 'keep' ? undefined : targetOf(file, action);
  const rubbish = takenName(location, `${tag}-done`);
  if (again) await discardTree(fs, rubbish);
  const before = again && target ? await findEarlier(fs, file, kind, target) : undefined;
  const folder = inPlace ? takenName(location, tag) : location;
  if (inPlace) await kind.take(fs, path, folder);
  const tree = await listTree(fs, folder);
  if (!tree) return { location: before ?? null, kept: false };
  // Outside the watch folder nobody replaces it, and a copy across volumes has other inodes than the row knows.
  if (inPlace && !sameIdentity(kind.identityOf(tree, path), record)) {
    // More came to it, or another one has its name: it is given back, to be converted as what it is.
    await kind.giveBack(fs, folder, path);
    return { location: before ?? null, kept: false };
  }
  if (action === 'keep') {
    await kind.giveBack(fs, folder, path);
    return { location: null, kept: true };
  }
  const placed = before ?? (target ? await place(fs, file, target, { folder, tree }) : null);
  if (placed === location) return { location, kept: false };
  if (await exists(fs, folder)) {
    // Under a name of its own first: what is half removed must not look like a unit that somebody changed.
    await moveFolder(fs, folder, dirname(rubbish), basename(rubbish));
    if (!(await removeTree(fs, rubbish, tree))) await kind.giveBack(fs, rubbish, path);
  }
  if (isInside(file.entry.errorFolder, location)) await removeIfThere(fs, errorFilePath(location));
  return { location: placed, kept: false };
}

/** Where a unit is to go. */
interface Target {
  folder: string;
  name: string;
  zip: boolean;
  scratch: string;
}

function targetOf(file: ActiveFile, action: Exclude<Action, 'delete' | 'keep'>): Target {
  const { record, location, path } = file;
  const folder = dirname(inside(targetFolder(file, action), record.path));
  const name = basename(location === path || action !== 'error' ? record.path : location);
  return { folder, name, zip: action === 'zip', scratch: scratchName(folder, file.correlationId) };
}

/** What an attempt before this one has placed there, and no half of it. */
async function findEarlier(
  fs: FileSystem,
  file: ActiveFile,
  kind: TreeKind,
  { folder, name, zip, scratch }: Target,
): Promise<string | undefined> {
  const { sha256 } = file.record;
  if (zip) {
    await removeIfThere(fs, scratch);
    const isOurs = (path: string, stat: FileStat) => stat.isFile() && sha256 !== null && isZipOf(fs, path, sha256);
    return findPlaced(fs, folder, withEnding(name, '.zip'), isOurs);
  }
  await discardTree(fs, scratch);
  return findPlaced(fs, folder, name, (path, stat) => isPlaced(fs, file, kind, path, stat));
}

/** @returns Where it is now. */
async function place(
  fs: FileSystem,
  file: ActiveFile,
  target: Target,
  { folder, tree }: { folder: string; tree: Tree },
): Promise<string> {
  if (dirname(folder) === target.folder && folder === file.location) return folder;
  await makeFolder(fs, target.folder);
  if (target.zip) return zipTree(fs, file, target, { folder, tree });
  try {
    return await moveFolder(fs, folder, target.folder, target.name);
  } catch (error) {
    if (systemCode(error) !== 'EXDEV') throw error;
  }
  await discardTree(fs, target.scratch);
  await copyTree(fs, folder, target.scratch, tree);
  return moveFolder(fs, target.scratch, target.folder, target.name);
}

/** Whether this is what an interrupted move of the unit has left: the same files, or copies of them. */
async function isPlaced(
  fs: FileSystem,
  { record, path, entry }: ActiveFile,
  kind: TreeKind,
  found: string,
  stat: FileStat,
): Promise<boolean> {
  const tree = stat.isDirectory() ? await listTree(fs, found) : undefined;
  if (!tree) return false;
  const identity = kind.identityOf(tree, path);
  if (sameIdentity(identity, record)) return true;
  if (identity.size !== record.size || record.sha256 === null) return false;
  return (await entry.unit.read(fs, { path, location: found, waitedMs: 0 })).key === record.sha256;
}

async function zipTree(
  fs: FileSystem,
  { record, path, entry }: ActiveFile,
  { folder: target, name, scratch }: Target,
  { folder, tree }: { folder: string; tree: Tree },
): Promise<string> {
  const source = await entry.unit.read(fs, { path, location: folder, waitedMs: 0 });
  const sha256 = record.sha256 ?? source.key;
  if (source.key !== sha256) throw new MillraceError('SOURCE_CHANGED', `${path} changed before it was zipped`);
  source.release();
  // The marker and whatever else lies there, too: the ZIP takes the folder's place.
  const entries = tree.files.map(file => ({
    name: file.name,
    modifiedAt: new Date(file.mtimeMs),
    open: () => contentOf(fs, join(folder, file.name)),
  }));
  return zipInto(fs, { entries, name, sha256, modifiedAt: new Date(record.mtimeMs) }, target, scratch);
}

/** Reads a file when it is its turn. */
function contentOf(fs: FileSystem, path: string): Readable {
  return Readable.from(
    (async function* () {
      yield* (await FileSource.read({ fs, path })).stream();
    })(),
    { objectMode: false },
  );
}

/** What happens to a source when its file is done with: kept, deleted, moved, zipped; or put aside as failed or suspended. */
import { basename, dirname } from 'node:path';
import { FileSource } from '../converters/file-source.js';
import { MillraceError, systemCode } from '../errors.js';
import { removeIfThere, scratchName } from '../files/atomic-write.js';
import type { FileStat, FileSystem } from '../files/file-system.js';
import { findPlaced } from '../files/find-placed.js';
import { exists, takeFreeName } from '../files/free-name.js';
import { type FileIdentity, identityOf, sameIdentity } from '../files/identity.js';
import { inside, isInside, withEnding } from '../files/names.js';
import { linkOrRename, type Placed, placeInto } from '../files/place.js';
import { removeVerified, settleTaken } from '../files/remove.js';
import { isZipOf, zipInto } from '../files/zip.js';
import type { ActiveFile } from './active-file.js';
import { errorFilePath } from './error-file.js';
import { postProcessTree } from './post-process-tree.js';
import { type Action, type PostProcessed, targetFolder } from './target.js';

/** Called with a source that is about to be removed for good, under its last name, and with what it is. */
export type HoldRemoved = (path: string, identity: FileIdentity) => Promise<void>;

/**
 * Does to the source what `action` says. Nothing is ever overwritten, and only the content that was converted is
 * touched: a newer file of the same name stays where it is.
 * @param again It may have been begun before: what was done then is found and not done twice.
 */
export async function postProcess(
  fs: FileSystem,
  file: ActiveFile,
  action: Action,
  again: boolean,
  hold?: HoldRemoved,
): Promise<PostProcessed> {
  const { tree } = file.entry.unit;
  if (!tree) return postProcessFile(fs, file, action, again, hold);
  const isPlain = await tree.isPlain(fs, { path: file.path, location: file.location, waitedMs: 0 });
  if (isPlain) return postProcessFile(fs, file, action, again, hold);
  const result = await postProcessTree(fs, file, tree, action, again);
  // It is not there, and nothing was found of it as a folder: it may have been one file, of which an attempt before this one has left something.
  const isFile = isPlain === undefined && again && !result.kept && result.location === null;
  return isFile ? postProcessFile(fs, file, action, again, hold) : result;
}

async function postProcessFile(
  fs: FileSystem,
  file: ActiveFile,
  action: Action,
  again: boolean,
  hold: HoldRemoved = async () => undefined,
): Promise<PostProcessed> {
  const { location } = file;
  const tag = file.correlationId;
  if (again) await settleTaken(fs, location, file.record, tag, taken => hold(taken, file.record));
  if (action === 'keep' && location === file.path) return { location: null, kept: await exists(fs, location) };
  // Where it was read a moment ago, nothing is gained by another look: what is touched is verified below.
  const identity = location === file.path && !again ? file.record : await identityAt(fs, file);
  const placed = action === 'delete' ? undefined : await placeUnlessGone(fs, file, identity, action, again);
  if (!identity || placed?.path === location) return { location: placed?.path ?? null, kept: action === 'keep' };
  // Where it has a second name by now, what is removed is a name and not the file.
  const before = placed?.by === 'linked' ? undefined : (taken: string) => hold(taken, identity);
  const removal = placed?.by === 'renamed' ? 'removed' : await removeVerified(fs, location, identity, tag, before);
  const wrong =
    placed && placed.by !== 'copied' && action !== 'zip' && (placed.by === 'renamed' || removal === 'replaced');
  if (wrong && !sameIdentity(identity, identityOf(await fs.lstat(placed.path)))) {
    // A newer version, or a link, had taken the name just before. It is given back, to be converted as what it is.
    await giveBack(fs, placed, location);
    return { location: null, kept: false };
  }
  if (isInside(file.entry.errorFolder, location)) await removeIfThere(fs, errorFilePath(location));
  return { location: placed?.path ?? null, kept: action === 'keep' };
}

/** What the source must still be for us to touch it; `undefined` when it is gone. */
async function identityAt(fs: FileSystem, { location, path, record }: ActiveFile): Promise<FileIdentity | undefined> {
  if (!(await exists(fs, location))) return undefined;
  // Outside the watch folder nobody replaces it, and a copy across volumes is another inode than the row knows.
  return location === path ? record : identityOf(await fs.stat(location));
}

/** As {@link place}; nothing when the source has gone. */
async function placeUnlessGone(...args: Parameters<typeof place>): Promise<Placed | undefined> {
  try {
    return await place(...args);
  } catch (error) {
    const [fs, { location }] = args;
    if (systemCode(error) === 'ENOENT' && !(await exists(fs, location))) return undefined;
    throw error;
  }
}

async function place(
  fs: FileSystem,
  file: ActiveFile,
  identity: FileIdentity | undefined,
  action: Exclude<Action, 'delete'>,
  again: boolean,
): Promise<Placed | undefined> {
  const { record, location } = file;
  const folder = dirname(inside(targetFolder(file, action), record.path));
  // What was zipped or numbered in the done folder keeps that name when the server refuses it later.
  const name = basename(location === file.path || action !== 'error' ? record.path : location);
  if (dirname(location) === folder && identity) return { path: location, by: 'copied' };
  const scratch = scratchName(folder, file.correlationId);
  if (again) {
    await removeIfThere(fs, scratch);
    const placed = await findPlaced(fs, folder, action === 'zip' ? withEnding(name, '.zip') : name, (path, stat) =>
      isPlaced(fs, file, path, stat, action === 'zip'),
    );
    if (placed) return { path: placed, by: 'copied' };
  }
  if (!identity) return undefined;
  // What was never read, or has a key of its own, has no checksum in its row; a copy across volumes is compared with one all the same.
  const known = file.entry.unit.givenKey?.(record.path) === undefined ? record.sha256 : null;
  const source = action === 'zip' || known === null ? await FileSource.read({ fs, path: location }) : undefined;
  const sha256 = known ?? (await source?.sha256()) ?? '';
  // Should it have become one since, it is not what was read, and what is placed is given back.
  const isLink = location === file.path && !again ? file.isLink : undefined;
  if (action !== 'zip' || !source) return placeInto(fs, location, folder, name, { sha256, temp: scratch, isLink });
  if ((await source.sha256()) !== sha256) {
    throw new MillraceError('SOURCE_CHANGED', `${location} changed before it was zipped`);
  }
  const entry = { content: source.stream(), name, modifiedAt: source.modifiedAt, sha256: record.sha256 ?? sha256 };
  return { path: await zipInto(fs, entry, folder, scratch), by: 'copied' };
}

/** Whether this is what an interrupted move of the file has left: the same inode, or a copy or ZIP of the same content. */
async function isPlaced(
  fs: FileSystem,
  { record, entry }: ActiveFile,
  path: string,
  stat: FileStat,
  zip: boolean,
): Promise<boolean> {
  const { sha256 } = record;
  if (!stat.isFile()) return false;
  if (zip) return sha256 !== null && isZipOf(fs, path, sha256);
  if (stat.size !== record.size) return false;
  // A key of its own is in the name.
  if (entry.unit.givenKey?.(record.path) !== undefined) return true;
  return stat.ino === record.ino || (await (await FileSource.read({ fs, path })).sha256()) === sha256;
}

async function giveBack(fs: FileSystem, placed: Placed, location: string): Promise<void> {
  if (placed.by === 'renamed') {
    await takeFreeName(fs, dirname(location), basename(location), async target => {
      await linkOrRename(fs, placed.path, target);
    });
  } else {
    await removeIfThere(fs, placed.path);
  }
}

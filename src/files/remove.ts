/** Removing a file only if it still is the one that was read: a new one of the same name is never lost. */
import { basename, dirname } from 'node:path';
import { systemCode } from '../errors.js';
import { whileBusy } from './busy.js';
import type { FileSystem } from './file-system.js';
import { takeFreeName } from './free-name.js';
import { type FileIdentity, identityOf, sameIdentity } from './identity.js';
import { takenName } from './names.js';
import { linkOrRename } from './place.js';

/** How the removal ended. */
export type Removal =
  /** The file that was read is gone. */
  | 'removed'
  /** It was gone already. */
  | 'missing'
  /** Another file has its name by now; that one is still there. */
  | 'replaced';

/** Called with the hidden name of a file that is the right one, just before it is removed. */
export type BeforeRemoval = (path: string) => Promise<void>;

/**
 * Removes `path` if it still has `identity`. A look and then an unlink would lose a file that was renamed over it in
 * between, so the file is first taken under a hidden name ({@link takenName}), looked at, and then removed or given back.
 * @param tag Unique to the file, and the same in a later attempt, which then finishes what this one could not.
 */
export async function removeVerified(
  fs: FileSystem,
  path: string,
  identity: FileIdentity,
  tag: string,
  before?: BeforeRemoval,
): Promise<Removal> {
  const taken = takenName(path, tag);
  try {
    await whileBusy(() => fs.rename(path, taken));
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    return 'missing';
  }
  return settleTaken(fs, path, identity, tag, before);
}

/** Finishes a removal that stopped half-way: what lies under the hidden name is removed, or given its name back. */
export async function settleTaken(
  fs: FileSystem,
  path: string,
  identity: FileIdentity,
  tag: string,
  before: BeforeRemoval = async () => undefined,
): Promise<Removal> {
  const taken = takenName(path, tag);
  try {
    if (!sameIdentity(identity, identityOf(await fs.stat(taken)))) {
      // Under its own name, or a numbered one where yet another file has come meanwhile.
      await takeFreeName(fs, dirname(path), basename(path), async target => {
        await linkOrRename(fs, taken, target);
      });
      return 'replaced';
    }
    await before(taken);
    await whileBusy(() => fs.unlink(taken));
    return 'removed';
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    return 'missing';
  }
}

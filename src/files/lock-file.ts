/**
 * One lock file: created exclusively, read, and taken over from a dead owner by exactly one of many contenders.
 *
 * Whoever wants to replace the lock of owner T first creates `lock.next-T`, which only one can, and looks again. While
 * it holds that claim and the lock still says T, nobody else may touch the lock. A contender that read T long ago finds
 * either the claim or another owner. The claim of a contender that died is itself taken over in the same way.
 */
import { basename, dirname, join } from 'node:path';
import { isDiskFull, systemCode } from '../errors.js';
import type { Logger } from '../observe/logger.js';
import { discard, removeIfThere, writeAll, writeDurably } from './atomic-write.js';
import { whileBusy } from './busy.js';
import { type FileSystem, type OpenFile, PRIVATE_FILE } from './file-system.js';
import { judgeByFacts, type LockOwner, newToken } from './lock-owner.js';
import { linkOrRename } from './place.js';

/** Every lock file has this length, so that a heartbeat overwrites it in place and a reader never sees half of one. */
const LOCK_BYTES = 512;

/** What an attempt came to; `unknown` means: look again, facts cannot tell whether the owner lives. */
export interface Attempt {
  outcome: 'won' | 'alive' | 'unknown';
  owner?: LockOwner | undefined;
}

/** A lock file as it was read. */
export interface SeenLock {
  /** Names this lock and no other: the owner's token, or the file's own identity where its content is not readable. */
  id: string;
  /** Changes with each heartbeat. */
  mark: string;
  owner: LockOwner | undefined;
}

/** Decides from one look to the next whether an owner that facts cannot judge has died. */
export type Judge = (path: string, seen: SeenLock) => 'alive' | 'dead' | 'unknown';

/** The file's content for this owner. */
export function lockContent(owner: LockOwner): Buffer {
  return Buffer.from(
    JSON.stringify(owner)
      .padEnd(LOCK_BYTES - 1)
      .concat('\n'),
  );
}

/** Reads a lock; `undefined` when there is none. */
export async function readLock(fs: FileSystem, path: string): Promise<SeenLock | undefined> {
  let file: OpenFile;
  try {
    file = await whileBusy(() => fs.open(path, 'r'));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return await readOpenLock(file);
  } finally {
    await file.close();
  }
}

/** Reads a lock through an open file. */
export async function readOpenLock(file: OpenFile): Promise<SeenLock> {
  const buffer = Buffer.alloc(LOCK_BYTES * 4);
  const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
  const owner = parseOwner(buffer.toString('utf8', 0, bytesRead));
  if (owner) return { id: owner.token, mark: `${owner.token} ${owner.heartbeat}`, owner };
  const stat = await file.stat();
  const id = `${stat.ino}-${Math.round(stat.ctimeMs)}`;
  return { id, mark: id, owner: undefined };
}

/** Tries once to become the owner of the lock at `path`; `base` names the claims. */
export async function tryLock(
  fs: FileSystem,
  path: string,
  self: LockOwner,
  judge: Judge,
  logger: Logger,
  base = path,
): Promise<Attempt> {
  if (await create(fs, path, self, logger, base)) return { outcome: 'won' };
  const seen = await readLock(fs, path);
  if (!seen) return { outcome: 'unknown' };
  const facts = seen.owner ? await judgeByFacts(fs, seen.owner, self) : 'unknown';
  const verdict = facts === 'unknown' ? judge(path, seen) : facts;
  if (verdict !== 'dead') return { outcome: verdict, owner: seen.owner };

  const claim = claimPath(base, seen.id);
  if ((await tryLock(fs, claim, self, judge, logger, base)).outcome !== 'won') return { outcome: 'unknown' };
  try {
    if ((await readLock(fs, path))?.id !== seen.id) return { outcome: 'unknown' };
    return { outcome: (await replace(fs, path, self, logger, base)) ? 'won' : 'unknown' };
  } finally {
    await discard(fs, claim, logger);
  }
}

/** Gives the lock back, unless it belongs to another owner by now. */
export async function unlock(fs: FileSystem, path: string, self: LockOwner, logger: Logger): Promise<void> {
  // With the claim in hand nobody can replace the lock between the look and the removal.
  const claim = claimPath(path, self.token);
  // Under a token of its own: if we die here, whoever takes over this claim must be able to name a claim for it.
  try {
    if (!(await create(fs, claim, { ...self, token: newToken() }, logger, path))) return;
  } catch (error) {
    // There is no room for a claim. We live and have beaten until now: nobody is about to replace the lock.
    if (isDiskFull(error)) return removeOwn(fs, path, self);
    throw error;
  }
  try {
    await removeOwn(fs, path, self);
  } finally {
    await discard(fs, claim, logger);
  }
}

async function removeOwn(fs: FileSystem, path: string, self: LockOwner): Promise<void> {
  if ((await readLock(fs, path))?.id === self.token) await removeIfThere(fs, path);
}

/** Removes claims that dead contenders left. The new owner may: their locks are gone, and tokens never come again. */
export async function sweepClaims(fs: FileSystem, path: string, self: LockOwner, logger: Logger): Promise<void> {
  const prefix = `${basename(path)}.next-`;
  const own = basename(claimPath(path, self.token));
  for (const name of await fs.readdir(dirname(path))) {
    if (name.startsWith(prefix) && name !== own) await discard(fs, join(dirname(path), name), logger);
  }
}

function claimPath(base: string, id: string): string {
  return `${base}.next-${id}`;
}

/** A name that the next owner sweeps, should we die before it is gone. */
function temporaryName(base: string): string {
  return `${claimPath(base, newToken())}.tmp`;
}

/** With its whole content from its first moment, wherever there are hard links: a lock that names nobody has to be watched. */
async function create(fs: FileSystem, path: string, self: LockOwner, logger: Logger, base = path): Promise<boolean> {
  const temp = temporaryName(base);
  try {
    const file = await whileBusy(() => fs.open(temp, 'wx', PRIVATE_FILE));
    await writeAll(file, lockContent(self)).finally(() => file.close());
  } catch (error) {
    await discard(fs, temp, logger);
    throw error;
  }
  try {
    await linkOrRename(fs, temp, path, false);
    return true;
  } catch (error) {
    // ENOENT: whoever won meanwhile has swept what contenders left, and this with it.
    if (systemCode(error) === 'EEXIST' || systemCode(error) === 'ENOENT') return false;
    throw error;
  } finally {
    // Whether it can be removed decides nothing: the lock is taken or not, and the owner sweeps what is left.
    await discard(fs, temp, logger);
  }
}

async function replace(fs: FileSystem, path: string, self: LockOwner, logger: Logger, base: string): Promise<boolean> {
  const temp = temporaryName(base);
  try {
    await writeDurably(fs, temp, lockContent(self));
    await whileBusy(() => fs.rename(temp, path));
    return true;
  } catch (error) {
    // Swept, as in create(): then `path` was a claim, for a lock that somebody has won.
    if (systemCode(error) === 'ENOENT') return false;
    await discard(fs, temp, logger);
    throw error;
  }
}

function parseOwner(text: string): LockOwner | undefined {
  try {
    const owner = JSON.parse(text) as Partial<LockOwner> | null;
    return typeof owner?.token === 'string' && /^[0-9a-f]+$/.test(owner.token) && typeof owner.pid === 'number'
      ? (owner as LockOwner)
      : undefined;
  } catch {
    return undefined;
  }
}

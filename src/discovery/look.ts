/** A look at a source before it is read: whether it is there, what state it is in, and what it still waits for. */
import { systemCode } from '../errors.js';
import type { FileSystem } from '../files/file-system.js';
import { type FileIdentity, identityOf } from '../files/identity.js';

/** What a look found. */
export interface Look {
  identity: FileIdentity;
  /** When content or metadata last changed, in epoch ms by the clock of the file system. */
  ctimeMs: number;
  /** What has to come before it is complete, as words after "it waits for"; absent when it is complete. */
  waitsFor?: string;
  /** After how many ms it is no longer waited for; absent when it is waited for as long as it takes. */
  dueInMs?: number;
}

/** Looks at one file; `undefined` when it is not there or is no file. @throws Node's own error when it cannot be looked at. */
export async function lookAtFile(fs: FileSystem, path: string): Promise<Look | undefined> {
  try {
    const stat = await fs.stat(path);
    return stat.isFile() ? { identity: identityOf(stat), ctimeMs: stat.ctimeMs } : undefined;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

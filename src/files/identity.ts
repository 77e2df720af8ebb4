/** Which file, and which state of its content: what tells a file from a later one of the same name. */
import type { FileStat } from './file-system.js';

/** Facts that change when a file is written or replaced. */
export interface FileIdentity {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ino: number;
}

/** The identity part of a stat. */
export function identityOf({ size, mtimeMs, ino }: FileStat): FileIdentity {
  return { size, mtimeMs, ino };
}

/** The same file with the same content, as far as the file system tells. */
export function sameIdentity(a: FileIdentity, b: FileIdentity): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.ino === b.ino;
}

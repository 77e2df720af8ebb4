/** What an archive is made with. */
import type { Clock } from '../clock.js';
import { ConfigError } from '../errors.js';
import type { FileSystem } from '../files/file-system.js';
import type { Logger } from '../observe/logger.js';

/** Options of an `ArchiveStorage`. */
export interface ArchiveOptions {
  /** The archive's folder, private to one process at a time. Created where it is missing. */
  directory: string;
  /** gzip level, 1 (fast) to 9 (small). Default 6. */
  compressionLevel?: number;
  /** Store the same content once, however many entries have it. Default true. */
  deduplicate?: boolean;
  /** When another process owns the folder: fail at once, or wait until it is free. Default 'fail'. */
  onLocked?: 'fail' | 'wait';
  /** Default: silent. */
  logger?: Logger;
  /** Default: the machine's. */
  clock?: Clock;
  /** Default: the machine's. */
  fs?: FileSystem;
}

/** @throws ConfigError naming every problem at once. */
export function checkOptions({ directory, compressionLevel, onLocked }: ArchiveOptions): void {
  const problems = [];
  if (typeof directory !== 'string' || directory === '') {
    problems.push({ path: 'directory', message: 'must be the path of a folder' });
  }
  if (
    compressionLevel !== undefined &&
    !(Number.isInteger(compressionLevel) && compressionLevel >= 1 && compressionLevel <= 9)
  ) {
    problems.push({ path: 'compressionLevel', message: `must be a whole number from 1 to 9, not ${compressionLevel}` });
  }
  if (onLocked !== undefined && onLocked !== 'fail' && onLocked !== 'wait') {
    problems.push({ path: 'onLocked', message: `must be fail or wait, not ${String(onLocked)}` });
  }
  if (problems.length > 0) throw new ConfigError(problems);
}

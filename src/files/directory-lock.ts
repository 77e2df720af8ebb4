/** One owner at a time for a folder, across processes. (Interface agreed; implementation follows.) */
import type { Clock } from '../clock.js';
import type { Logger } from '../observe/logger.js';
import type { FileSystem } from './file-system.js';

export interface LockOptions {
  fs: FileSystem;
  clock: Clock;
  logger: Logger;
  /** What to do while another process owns the folder: fail at once with `STORE_LOCKED`, or wait until it is free. */
  onLocked: 'fail' | 'wait';
  /** Ends the waiting. */
  signal?: AbortSignal;
  /** Called once when the lock turns out to belong to another process: the owner must stop writing at once. */
  onLost: (error: Error) => void;
}

export interface DirectoryLock {
  /** Gives the folder back. Safe to call twice. */
  release(): Promise<void>;
}

/** Takes the lock file at `path` (for example `{dataDir}/lock`). */
export declare function lockDirectory(path: string, options: LockOptions): Promise<DirectoryLock>;

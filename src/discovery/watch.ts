/** Native file events as hints. They may come twice, late or never: the rescan is the truth. */
import { isAbsolute, join } from 'node:path';
import { type ChokidarOptions, FSWatcher } from 'chokidar';
import { isTaken } from '../files/names.js';
import { listFoldersOnly } from './folders-only.js';

/** What is watched, and who is told. */
export interface WatchOptions {
  root: string;
  recursive: boolean;
  /** Poll the folder in place of native events: for SMB, NFS and Docker binds, which have none. */
  usePolling: boolean;
  /** Whether this folder (absolute) is left out. */
  ignoreFolder: (path: string) => boolean;
  /** Something happened to this path (absolute), which may be a file, a folder, or gone. */
  onHint: (path: string) => void;
  /** Events may have been lost. */
  onProblem: (error: Error) => void;
}

/** A watch in force. */
export interface FolderWatch {
  /** Resolves when everything that happens from now on is told. */
  readonly ready: Promise<void>;
  /** Ends it. Nothing is told once this has resolved. */
  close(): Promise<void>;
}

/** Starts a {@link FolderWatch}; the seam at which tests put one that loses events. */
export type StartWatch = (options: WatchOptions) => FolderWatch;

const POLLING_INTERVAL_MS = 500;

/**
 * Watches with chokidar, one native watch a folder. Files are left out of chokidar's own book-keeping, which would take a
 * watch and some KB for each, and are heard of through `raw`: with 5,000 files that is 1 inotify watch in place of 5,001.
 */
export const watchFolder: StartWatch = ({ root, recursive, usePolling, ignoreFolder, onHint, onProblem }) => {
  const options: ChokidarOptions = {
    persistent: true,
    ignoreInitial: true,
    atomic: false,
    followSymlinks: false,
    usePolling,
    interval: POLLING_INTERVAL_MS,
    ignored: (path, stats) => (stats ? !stats.isDirectory() : false) || ignoreFolder(path),
    ...(recursive ? {} : { depth: 0 }),
  };
  const watcher = new FSWatcher(options);
  listFoldersOnly(watcher, recursive);
  watcher.add(root);
  const ready = new Promise<void>(resolve => watcher.once('ready', resolve));
  watcher.on('raw', (_event, name: string | null, details) => {
    // Two of three events of a file that is cleaned up: what is taken is nobody's any more.
    if (name && isTaken(name)) return;
    const watched = (details as { watchedPath?: string } | undefined)?.watchedPath ?? root;
    // Polling names the folder that changed by its whole path, native events name a file in the watched folder.
    onHint(name && isAbsolute(name) ? name : join(watched, name ?? ''));
  });
  // A folder may have files in it before its own watch is armed.
  watcher.on('addDir', onHint);
  watcher.on('unlinkDir', onHint);
  watcher.on('error', error => onProblem(error as Error));
  return { ready, close: () => watcher.close() };
};

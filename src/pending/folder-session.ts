/**
 * The queue's hold on its folder: made, locked and read at the start, given up when the folder goes away, and taken up
 * again by itself when it is back. Nobody waits for it longer than {@link OPEN_DEADLINE_MS}.
 */
import { join } from 'node:path';
import { type Clock, sleep } from '../clock.js';
import { type MillraceError, StoreError, toError } from '../errors.js';
import { removeIfThere } from '../files/atomic-write.js';
import { type DirectoryLock, lockDirectory } from '../files/directory-lock.js';
import { type FileSystem, PRIVATE_FOLDER } from '../files/file-system.js';
import { readLock } from '../files/lock-file.js';
import type { Logger } from '../observe/logger.js';
import { type Recovered, recover } from './recovery.js';

/** How long a start waits for the folder, in ms. */
const OPEN_DEADLINE_MS = 5_000;

export interface SessionOptions {
  directory: string;
  fs: FileSystem;
  clock: Clock;
  logger: Logger;
  /** How often an unreachable folder is tried again, in ms. */
  retryMs: number;
  /** The folder is ours. It is read when this has resolved. */
  onLocked: () => Promise<void>;
  /** The folder is ours and was read. */
  onOpen: (found: Recovered, durationMs: number) => Promise<void>;
  /** The folder cannot be used. Told when it is lost, and once while it cannot be opened. */
  onUnreachable: (error: Error) => void;
}

export class FolderSession {
  readonly #options: SessionOptions;
  readonly #stop = new AbortController();
  #lock: DirectoryLock | undefined;
  /** Names the lock that we took last. */
  #lockId: string | undefined;
  #open = false;
  #wasOpen = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** The folder is there, ours, and read. */
  get isOpen(): boolean {
    return this.#open;
  }

  /**
   * Resolves when the folder is open, or when it is clear that it takes longer: the session goes on trying then.
   * @throws {StoreError} `STORE_LOCKED` when another process owns the folder.
   */
  async start(): Promise<void> {
    const { clock, onUnreachable } = this.#options;
    const first = this.#openOnce();
    const deadline = new AbortController();
    const late = sleep(clock, OPEN_DEADLINE_MS, deadline.signal).then(() => 'late' as const);
    try {
      const result = await Promise.race([first, late]);
      if (result !== 'late') return;
      onUnreachable(unreachable(this.#options.directory, 'it did not answer in time'));
      // The same attempt goes on: a second one would hang beside it.
      void first.catch(error => this.#keepTrying(error));
    } catch (thrown) {
      const error = toError(thrown);
      if (isLocked(error)) throw error;
      onUnreachable(unreachable(this.#options.directory, error.message, error));
      void this.#keepTrying();
    } finally {
      deadline.abort();
    }
  }

  /** Whether the folder is away, asked after a file in it was not found. An empty mount point counts as away. */
  async isGone(): Promise<boolean> {
    if (!this.#open) return true;
    try {
      await this.#options.fs.stat(this.#lockPath);
      return false;
    } catch (error) {
      this.#lose(toError(error));
      return true;
    }
  }

  /** Ends the session; safe to call twice. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#open = false;
    await this.#release();
  }

  get #lockPath(): string {
    return join(this.#options.directory, 'lock');
  }

  #lose(error: Error): void {
    if (!this.#open) return;
    this.#open = false;
    this.#options.onUnreachable(unreachable(this.#options.directory, error.message, error));
    void this.#release().then(() => this.#keepTrying());
  }

  async #keepTrying(failure?: unknown): Promise<void> {
    const { clock, logger, retryMs, directory } = this.#options;
    if (failure) logger.warn({ path: directory, err: toError(failure) }, 'The pending folder could not be opened');
    while (!this.#stop.signal.aborted) {
      await sleep(clock, retryMs, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      try {
        await this.#openOnce();
        return;
      } catch (error) {
        logger.warn({ path: directory, err: toError(error) }, 'The pending folder could not be opened');
      }
    }
  }

  async #openOnce(): Promise<void> {
    const { directory, fs, clock, logger, onLocked, onOpen } = this.#options;
    const startedAt = clock.monotonic();
    // Only the first time: where a share went away, its empty mount point must not be taken for the folder.
    if (!this.#wasOpen) await fs.mkdir(directory, { recursive: true, mode: PRIVATE_FOLDER });
    await this.#clearOwnLock();
    const onLost = (error: Error) => this.#lose(error);
    this.#lock = await lockDirectory(this.#lockPath, {
      fs,
      clock,
      logger,
      onLocked: 'fail',
      signal: this.#stop.signal,
      onLost,
    });
    try {
      this.#lockId = (await readLock(fs, this.#lockPath))?.id;
      // What was on its way when the folder went must come to its end first, or it would be taken back and sent again.
      await onLocked();
      const found = await recover(fs, directory, logger);
      this.#stop.signal.throwIfAborted();
      this.#open = true;
      this.#wasOpen = true;
      await onOpen(found, clock.monotonic() - startedAt);
    } catch (error) {
      this.#open = false;
      await this.#release();
      throw error;
    }
  }

  /** A lock that could not be given back when the folder went away is found again as that of a living process: ours. */
  async #clearOwnLock(): Promise<void> {
    const { fs } = this.#options;
    if (this.#lockId === undefined) return;
    if ((await readLock(fs, this.#lockPath))?.id === this.#lockId) await removeIfThere(fs, this.#lockPath);
  }

  async #release(): Promise<void> {
    const lock = this.#lock;
    this.#lock = undefined;
    try {
      await lock?.release();
    } catch (error) {
      this.#options.logger.warn({ path: this.#lockPath, err: toError(error) }, 'The lock could not be given back');
    }
  }
}

function isLocked(error: Error): boolean {
  return (error as Partial<MillraceError>).code === 'STORE_LOCKED';
}

function unreachable(directory: string, reason: string, cause?: Error): StoreError {
  return new StoreError('FOLDER_MISSING', `The pending folder '${directory}' cannot be used: ${reason}`, { cause });
}

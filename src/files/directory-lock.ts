/** One owner at a time for a folder, across processes and, on a share, across machines. */
import { dirname } from 'node:path';
import type { Clock, Timer } from '../clock.js';
import { StoreError, systemCode, toError } from '../errors.js';
import type { Logger } from '../observe/logger.js';
import { writeAll } from './atomic-write.js';
import { whileBusy } from './busy.js';
import type { FileSystem } from './file-system.js';
import { type Judge, lockContent, readOpenLock, sweepClaims, tryLock, unlock } from './lock-file.js';
import { describeSelf, type LockOwner } from './lock-owner.js';

const HEARTBEAT_MS = 2_000;
const LEASE_MS = 15_000;
const POLL_MS = 500;

export interface LockOptions {
  fs: FileSystem;
  clock: Clock;
  logger: Logger;
  /** What to do while another process owns the folder: fail at once with `STORE_LOCKED`, or wait until it is free. */
  onLocked: 'fail' | 'wait';
  /** Ends the waiting: `lockDirectory` rejects with its reason. */
  signal?: AbortSignal;
  /** Called once when the lock turns out to belong to another process: the owner must stop writing at once. */
  onLost: (error: Error) => void;
  /** How often the owner shows that it lives, in ms. Default 2,000. */
  heartbeatMs?: number;
  /** How long the heartbeat of an owner that facts cannot judge must stand still before it counts as dead, in ms. Default 15,000. */
  leaseMs?: number;
}

export interface DirectoryLock {
  /** Gives the folder back. Safe to call twice. */
  release(): Promise<void>;
}

/**
 * Takes the lock file at `path` (for example `{dataDir}/lock`); its folder must exist.
 *
 * The lock of a process of this machine that has ended is taken over at once. Where facts cannot tell (another machine
 * or container, or a platform that does not give a process's start time), the heartbeat is watched for `leaseMs` by our
 * own clock, so that `onLocked: 'fail'` may take that long to decide; the clocks of two machines are never compared.
 *
 * @throws StoreError `STORE_LOCKED` while a living process owns it and `onLocked` is `fail`; `STORE_FAILED` when the
 * lock file cannot be read or written.
 */
export async function lockDirectory(path: string, options: LockOptions): Promise<DirectoryLock> {
  const { fs, logger, signal } = options;
  const self = await describeSelf(fs);
  const judge = watchHeartbeats(options);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { outcome, owner } = await tryLock(fs, path, self, judge, logger);
      if (outcome === 'won') break;
      if (outcome === 'alive' && options.onLocked === 'fail') throw locked(path, owner);
      await pause(options.clock, POLL_MS, signal);
    }
  } catch (error) {
    if (error instanceof StoreError || (signal?.aborted && error === signal.reason)) throw error;
    throw new StoreError('STORE_FAILED', `The lock ${path} could not be taken: ${toError(error).message}`, {
      cause: error,
    });
  }
  await sweepClaims(fs, path, self, logger).catch((error: unknown) =>
    logger.debug({ file: path, err: toError(error) }, 'Leftover claims of the lock could not be listed'),
  );
  return new HeldLock(path, self, options);
}

/** A lock in our hands: beats until it is released or lost. */
class HeldLock implements DirectoryLock {
  readonly #path: string;
  readonly #self: LockOwner;
  readonly #options: LockOptions;
  #timer: Timer | undefined;
  #beating: Promise<void> = Promise.resolve();
  #released: Promise<void> | undefined;
  #lost = false;

  constructor(path: string, self: LockOwner, options: LockOptions) {
    this.#path = path;
    this.#self = self;
    this.#options = options;
    this.#schedule();
  }

  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  async #release(): Promise<void> {
    if (this.#timer) this.#options.clock.clearTimeout(this.#timer);
    await this.#beating;
    if (this.#lost) return;
    try {
      await unlock(this.#options.fs, this.#path, this.#self, this.#options.logger);
    } catch (error) {
      // The next owner on this machine sees that this process has ended, or, before that, that the beat stands still.
      this.#options.logger.warn({ file: this.#path, err: toError(error) }, 'The lock file could not be removed');
    }
  }

  #schedule(): void {
    const { clock, heartbeatMs = HEARTBEAT_MS } = this.#options;
    this.#timer = clock.setTimeout(() => {
      this.#beating = this.#beat();
    }, heartbeatMs);
    this.#timer.unref();
  }

  async #beat(): Promise<void> {
    const { fs, logger } = this.#options;
    try {
      const file = await whileBusy(() => fs.open(this.#path, 'r+'));
      try {
        // Read and written through one open file: if the lock is replaced in between, the beat goes to the old one.
        const { owner } = await readOpenLock(file);
        if (owner?.token !== this.#self.token) return this.#lose('it belongs to another owner now', owner);
        this.#self.heartbeat += 1;
        await writeAll({ write: (bytes, at, length) => file.write(bytes, at, length, at) }, lockContent(this.#self));
      } finally {
        await file.close();
      }
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return this.#lose('the lock file is gone');
      // Not lost yet: a share that was away for a moment comes back with our lock, and the next beat looks at it.
      logger.warn({ file: this.#path, err: toError(error) }, 'The heartbeat of the lock could not be written');
    }
    if (!this.#released) this.#schedule();
  }

  #lose(why: string, owner?: LockOwner): void {
    this.#lost = true;
    const by = owner ? ` (process ${owner.pid} on ${owner.host})` : '';
    this.#options.onLost(new StoreError('STORE_LOCKED', `The lock ${this.#path} was lost: ${why}${by}`));
  }
}

/** Judges owners by their heartbeat: alive once it changed before our eyes, dead once it stood still for the lease. */
function watchHeartbeats({ clock, leaseMs = LEASE_MS }: LockOptions): Judge {
  const watched = new Map<string, { id: string; mark: string; quietMs: number; lookedAt: number }>();
  return (path, { id, mark }) => {
    const before = watched.get(path);
    const now = clock.monotonic();
    if (before?.id !== id) {
      watched.set(path, { id, mark, quietMs: 0, lookedAt: now });
      return 'unknown';
    }
    // A look after a long pause of our own counts as one look: owner and contender may have slept together.
    before.quietMs = mark === before.mark ? before.quietMs + Math.min(now - before.lookedAt, 2 * POLL_MS) : 0;
    before.lookedAt = now;
    if (mark === before.mark) return before.quietMs >= leaseMs ? 'dead' : 'unknown';
    before.mark = mark;
    return 'alive';
  };
}

function locked(path: string, owner: LockOwner | undefined): StoreError {
  const who = owner ? `process ${owner.pid} on ${owner.host}` : 'another process';
  return new StoreError('STORE_LOCKED', `${dirname(path)} is in use by ${who}`);
}

/** Waits without letting the process end: whoever stands by for the lock has nothing else that keeps it alive. */
function pause(clock: Clock, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise(resolve => {
    const finish = (): void => {
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.setTimeout(finish, signal?.aborted ? 0 : delayMs);
    signal?.addEventListener('abort', finish, { once: true });
  });
}

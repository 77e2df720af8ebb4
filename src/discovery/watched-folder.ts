/** One watch folder: events as hints, rescans as the truth, and a pause while the folder is away. */
import type { Clock, Timer } from '../clock.js';
import { MillraceError, toError } from '../errors.js';
import type { FileSystem } from '../files/file-system.js';
import { isInside, isTaken, relativeTo } from '../files/names.js';
import { within } from '../within.js';
import { EventSource } from './event-source.js';
import { resolveLink } from './links.js';
import { RescanPace } from './rescan-pace.js';
import { RootGuard } from './root-guard.js';
import { scanFolder } from './scan.js';
import type { StartWatch } from './watch.js';

/** What a watched folder is made with, and who is told of what it finds. */
export interface WatchedFolderOptions {
  fs: FileSystem;
  clock: Clock;
  /** Absolute. */
  root: string;
  recursive: boolean;
  /** How many folders below the root files may lie. Default: no limit. */
  maxDepth?: number;
  usePolling: boolean;
  /** The longest time between two listings, in ms; where events are missed they come sooner. */
  rescanIntervalMs: number;
  /** How often it is tried whether events flow, in ms; 0 for never, which is the default. */
  canaryIntervalMs?: number;
  /** How long the event of such a trial may take, in ms. Default 5,000. */
  canaryTimeoutMs?: number;
  /** A file without which the folder is not the one that is meant. */
  sentinel?: string | undefined;
  /** Absolute folders inside the root that are not watched: done, error and pending folders, other watch folders. */
  excluded: readonly string[];
  /** Replaces chokidar in tests. */
  startWatch?: StartWatch | undefined;
  /** A path (absolute) was heard of by an event. */
  onHint: (path: string) => void;
  /** A rescan is due: the owner calls {@link WatchedFolder.list} and compares. */
  onRescan: () => void;
  /** The folder cannot be reached, or its events cannot be trusted. */
  onDegraded: (error: Error) => void;
  /** It can be reached again, or its events can be trusted again. */
  onRecovered: () => void;
  /** A symbolic link leads out of the folder. Told once for each link. */
  onEscape?: (path: string, target: string) => void;
}

/** How a folder is watched now. */
export interface FolderState {
  /** The watch folder. */
  root: string;
  /** By native events, by polling, or not at all since it cannot be reached. */
  mode: 'native' | 'polling' | 'away';
  /** Why it is not watched by native events, where that is so. */
  reason?: string;
}

/** A dead share can hang for minutes; a start waits no longer than this for it. */
const START_TIMEOUT_MS = 5_000;
/** How soon a folder that is away is looked for again. */
const AWAY_PROBE_MS = 1_000;

/** Watches a folder from {@link start} to {@link close}. */
export class WatchedFolder {
  readonly root: string;
  readonly #options: WatchedFolderOptions;
  readonly #guard: RootGuard;
  readonly #events: EventSource;
  readonly #pace: RescanPace;
  readonly #escapes = new Set<string>();
  #timer: Timer | undefined;
  #away: Error | undefined;
  #closed = false;
  #replacedAt = Number.NEGATIVE_INFINITY;

  constructor(options: WatchedFolderOptions) {
    this.#options = options;
    this.root = options.root;
    this.#guard = new RootGuard(options.fs, options.root, options.sentinel);
    this.#pace = new RescanPace(options.rescanIntervalMs);
    this.#events = new EventSource({
      ...options,
      ignoreFolder: path => this.excludes(path),
      onHint: path => (path === this.root ? options.onRescan() : options.onHint(path)),
    });
  }

  /** Whether the folder cannot be reached now. */
  get away(): boolean {
    return this.#away !== undefined;
  }

  /** How it is watched now. */
  get state(): FolderState {
    const { root } = this;
    if (this.#away) return { root, mode: 'away', reason: this.#away.message };
    const { mode, reason } = this.#events;
    return { root, mode, ...(reason === undefined ? {} : { reason }) };
  }

  /** Arms the watch. Resolves when events flow, or when it is known that for now they do not: after 5 s at the latest. */
  async start(): Promise<void> {
    let looked = false;
    const arm = async (): Promise<void> => {
      try {
        await this.#guard.look();
        looked = true;
        // Whoever looks for a folder that is away arms it, too.
        if (!this.#away) await this.#events.arm();
      } catch (thrown) {
        this.#lost(toError(thrown));
      }
    };
    const inTime = await within(this.#options.clock, START_TIMEOUT_MS, arm());
    if (!inTime && !looked) {
      this.#lost(new MillraceError('FOLDER_MISSING', `${this.root} gives no answer within ${START_TIMEOUT_MS} ms`));
    }
    this.#schedule();
  }

  /**
   * Every file that is there now, as paths relative to the root.
   * @throws MillraceError `FOLDER_MISSING` when the folder is away; it is looked for until it is back.
   */
  async *list(signal?: AbortSignal, onError?: (error: Error, path: string) => void): AsyncGenerator<string> {
    const { fs, recursive, excluded, maxDepth } = this.#options;
    try {
      await this.#look();
      yield* scanFolder({
        fs,
        root: this.root,
        recursive,
        excludedFolders: excluded.map(folder => relativeTo(this.root, folder)),
        onEscape: (path, target) => this.#escaped(path, target),
        ...(maxDepth === undefined ? {} : { maxDepth }),
        ...(signal ? { signal } : {}),
        ...(onError ? { onError } : {}),
      });
    } catch (thrown) {
      this.#lost(toError(thrown));
      throw thrown;
    }
  }

  /** A listing has ended. @param missed How many files it found that no event had told of. */
  scanned(missed: number, durationMs: number): void {
    this.#pace.scanned(missed, durationMs);
    if (!this.#away) this.#schedule();
  }

  /** Whether a path (absolute) lies in a folder that is left out, or in one under whose hidden name we take a unit away. */
  excludes(path: string): boolean {
    if (this.#options.excluded.some(folder => isInside(folder, path))) return true;
    return relativeTo(this.root, path).split('/').some(isTaken);
  }

  /**
   * Whether the folder is there and has been the same since `sinceMs` (monotonic): only then is a file that is not in
   * it any more a file that somebody removed.
   */
  async holdsSince(sinceMs: number): Promise<boolean> {
    try {
      await this.#look();
      return this.#replacedAt < sinceMs;
    } catch (thrown) {
      this.#lost(toError(thrown));
      return false;
    }
  }

  /** Where a symbolic link in the folder leads, in words that complete "it is …". */
  async describeLink(path: string): Promise<string> {
    const { fs, recursive, excluded, maxDepth } = this.#options;
    const excludedFolders = excluded.map(folder => relativeTo(this.root, folder));
    const found = await resolveLink(
      { fs, root: this.root, recursive, excludedFolders, ...(maxDepth === undefined ? {} : { maxDepth }) },
      path,
    );
    switch (found.kind) {
      case 'outside':
        return `a symbolic link out of the watch folder, to ${found.target}, and is not followed`;
      case 'folder':
        return `a symbolic link to the folder ${found.target}, whose files are taken under its name`;
      case 'file':
        return `a symbolic link to the file ${found.target}, which is taken under its name`;
      case 'alias':
        return `a symbolic link to ${found.target}; what lies there has a name of its own`;
      case 'broken':
        return 'a symbolic link that leads nowhere';
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) this.#options.clock.clearTimeout(this.#timer);
    await this.#events.close();
  }

  /** @throws MillraceError `FOLDER_MISSING` */
  async #look(): Promise<void> {
    if ((await this.#guard.look()) === 'same' || this.#away || this.#closed) return;
    this.#replacedAt = this.#options.clock.monotonic();
    this.#options.onDegraded(new MillraceError('FOLDER_MISSING', `${this.root} was replaced by another folder`));
    await this.#events.arm();
    this.#options.onRecovered();
    this.#options.onRescan();
  }

  #lost(error: Error): void {
    if (this.#away || this.#closed) return;
    this.#away = error;
    this.#options.onDegraded(error);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#closed) return;
    const { clock } = this.#options;
    if (this.#timer) clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => void this.#tick(), this.#away ? AWAY_PROBE_MS : this.#pace.nextMs);
    this.#timer.unref();
  }

  async #tick(): Promise<void> {
    try {
      if (this.#away) {
        await this.#guard.look();
        this.#replacedAt = this.#options.clock.monotonic();
        // A watch on a folder that went away hears nothing of the one that came back.
        await this.#events.arm();
        if (this.#closed) return;
        this.#away = undefined;
        this.#options.onRecovered();
      } else {
        await this.#look();
      }
      this.#options.onRescan();
    } catch (thrown) {
      this.#lost(toError(thrown));
    }
    this.#schedule();
  }

  #escaped(path: string, target: string): void {
    if (this.#escapes.has(path)) return;
    this.#escapes.add(path);
    this.#options.onEscape?.(path, target);
  }
}

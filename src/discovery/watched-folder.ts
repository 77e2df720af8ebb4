/** One watch folder: events as hints, rescans as the truth, and a pause while the folder is away. */
import type { Clock, Timer } from '../clock.js';
import { toError } from '../errors.js';
import type { FileSystem } from '../files/file-system.js';
import { isInside, relativeTo } from '../files/names.js';
import { requireFolder, scanFolder } from './scan.js';
import { type FolderWatch, type StartWatch, watchFolder } from './watch.js';

/** What a watched folder is made with, and who is told of what it finds. */
export interface WatchedFolderOptions {
  fs: FileSystem;
  clock: Clock;
  /** Absolute. */
  root: string;
  recursive: boolean;
  usePolling: boolean;
  /** How often everything is listed anew, in ms. */
  rescanIntervalMs: number;
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
  /** It can be reached again. */
  onRecovered: () => void;
}

/** How soon a folder that is away is looked for again. */
const AWAY_PROBE_MS = 1_000;
/** Arming native watches on a dead share may hang; files are found by rescans until it is done. */
const ARM_TIMEOUT_MS = 5_000;

/** Watches a folder from {@link start} to {@link close}. */
export class WatchedFolder {
  readonly root: string;
  readonly #options: WatchedFolderOptions;
  #watch: FolderWatch | undefined;
  #timer: Timer | undefined;
  #away = false;
  #closed = false;

  constructor(options: WatchedFolderOptions) {
    this.#options = options;
    this.root = options.root;
  }

  /** Whether the folder cannot be reached now. */
  get away(): boolean {
    return this.#away;
  }

  /** Arms the watch. Resolves when events flow, or when it is known that for now they do not. */
  async start(): Promise<void> {
    try {
      await requireFolder(this.#options.fs, this.root);
      await this.#arm();
    } catch (thrown) {
      this.#lost(toError(thrown));
    }
    this.#schedule();
  }

  /**
   * Every file that is there now, as paths relative to the root.
   * @throws MillraceError `FOLDER_MISSING` when the folder is away; it is looked for until it is back.
   */
  async *list(signal?: AbortSignal): AsyncGenerator<string> {
    const { fs, recursive, excluded } = this.#options;
    try {
      const excludedFolders = excluded.map(folder => relativeTo(this.root, folder));
      yield* scanFolder({ fs, root: this.root, recursive, excludedFolders, ...(signal ? { signal } : {}) });
    } catch (thrown) {
      this.#lost(toError(thrown));
      throw thrown;
    }
  }

  /** Whether a path (absolute) lies in a folder that is left out. */
  excludes(path: string): boolean {
    return this.#options.excluded.some(folder => isInside(folder, path));
  }

  /** Somebody found reason to doubt that the folder is there: it is looked at now. */
  async check(): Promise<void> {
    if (!this.#away && !this.#closed) await this.#tick();
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) this.#options.clock.clearTimeout(this.#timer);
    await this.#disarm();
  }

  async #arm(): Promise<void> {
    const { clock, recursive, usePolling, onHint } = this.#options;
    await this.#disarm();
    // Closed meanwhile: a watch that began now would never end.
    if (this.#closed) return;
    this.#watch = (this.#options.startWatch ?? watchFolder)({
      root: this.root,
      recursive,
      usePolling,
      ignoreFolder: path => this.excludes(path),
      onHint: path => (path === this.root ? this.#options.onRescan() : onHint(path)),
      onProblem: error => this.#options.onDegraded(error),
    });
    let timer: Timer | undefined;
    const timeout = new Promise<void>(resolve => {
      timer = clock.setTimeout(resolve, ARM_TIMEOUT_MS);
    });
    await Promise.race([this.#watch.ready, timeout]);
    if (timer) clock.clearTimeout(timer);
  }

  async #disarm(): Promise<void> {
    const watch = this.#watch;
    this.#watch = undefined;
    await watch?.close();
  }

  #lost(error: Error): void {
    if (this.#away || this.#closed) return;
    this.#away = true;
    this.#options.onDegraded(error);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#closed) return;
    const { clock, rescanIntervalMs } = this.#options;
    if (this.#timer) clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => void this.#tick(), this.#away ? AWAY_PROBE_MS : rescanIntervalMs);
    this.#timer.unref();
  }

  async #tick(): Promise<void> {
    try {
      await requireFolder(this.#options.fs, this.root);
      if (this.#away) {
        // A watch on a folder that went away hears nothing of the one that came back.
        await this.#arm();
        if (this.#closed) return;
        this.#away = false;
        this.#options.onRecovered();
      }
      this.#options.onRescan();
    } catch (thrown) {
      this.#lost(toError(thrown));
    }
    this.#schedule();
  }
}

/** A folder's events: native ones while they can be trusted, polling while they cannot, and trials to go back. */
import { join, relative } from 'node:path';
import { type Clock, sleep, type Timer } from '../clock.js';
import { MillraceError } from '../errors.js';
import type { FileSystem } from '../files/file-system.js';
import { Canary } from './canary.js';
import { type FolderWatch, type StartWatch, watchFolder } from './watch.js';
import { isWatchLimit, watchProblem } from './watch-problem.js';

/** What it is made with, and who is told. */
export interface EventSourceOptions {
  fs: FileSystem;
  clock: Clock;
  /** Absolute. */
  root: string;
  recursive: boolean;
  /** Polling is what the user wants. */
  usePolling: boolean;
  canaryIntervalMs?: number;
  canaryTimeoutMs?: number;
  startWatch?: StartWatch | undefined;
  ignoreFolder: (path: string) => boolean;
  onHint: (path: string) => void;
  /** Events may have been lost. */
  onRescan: () => void;
  onDegraded: (error: Error) => void;
  onRecovered: () => void;
}

/** Arming native watches on a dead share may hang; files are found by rescans until it is done. */
const ARM_TIMEOUT_MS = 5_000;
/** When native events are tried again: after a problem that may have passed, after a limit or a silence, at the longest. */
const FIRST_TRIAL_MS = 1_000;
const LATER_TRIAL_MS = 60_000;
const LONGEST_TRIAL_MS = 1_800_000;

/** Tells what happens in one folder, from {@link arm} to {@link close}. */
export class EventSource {
  readonly #options: EventSourceOptions;
  readonly #canary: Canary;
  #watch: FolderWatch | undefined;
  #arming: Promise<void> = Promise.resolve();
  #canaryTimer: Timer | undefined;
  #trialTimer: Timer | undefined;
  #trialMs = 0;
  /** Why native events are not trusted. While they are tried again it still stands. */
  #problem: Error | undefined;
  #polls = false;
  /** The watch that is given up and will be closed. */
  #givenUp: FolderWatch | undefined;
  #closed = false;

  constructor(options: EventSourceOptions) {
    this.#options = options;
    const { fs, clock, root, canaryTimeoutMs = 5_000 } = options;
    this.#canary = new Canary({ fs, clock, root, timeoutMs: canaryTimeoutMs });
  }

  get mode(): 'native' | 'polling' {
    return this.#options.usePolling || this.#problem ? 'polling' : 'native';
  }

  /** Why it polls, where it does. */
  get reason(): string | undefined {
    return this.#options.usePolling ? 'usePolling is set' : this.#problem?.message;
  }

  /** Begins, or begins anew on another folder of the same name: native events first, whatever was before. */
  async arm(): Promise<void> {
    this.#problem = undefined;
    this.#trialMs = 0;
    if ((this.#options.canaryIntervalMs ?? 0) > 0) await this.#canary.tidy();
    return this.#start(this.#options.usePolling);
  }

  /** Tries whether events come. */
  async probe(): Promise<void> {
    const { canaryIntervalMs = 0, root, canaryTimeoutMs = 5_000 } = this.#options;
    if (this.#closed || canaryIntervalMs === 0 || this.mode === 'polling') return;
    const watch = this.#watch;
    const result = await this.#canary.probe();
    if (this.#watch !== watch) return;
    if (result === 'heard') this.#trialMs = 0;
    if (result !== 'silent') return;
    const message = `Native events of ${root} do not come: a probe file was not heard of within ${canaryTimeoutMs} ms; it is polled`;
    this.#fallBack(new MillraceError('WATCH_FAILED', message), LATER_TRIAL_MS);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#clear();
    await this.#canary.finish();
    await this.#arming;
    await this.#stop();
  }

  #start(polling: boolean): Promise<void> {
    this.#arming = this.#arming.then(() => this.#startWatch(polling));
    return this.#arming;
  }

  async #startWatch(polling: boolean): Promise<void> {
    await this.#stop();
    this.#clear();
    const { clock, root, recursive, ignoreFolder, onHint, startWatch = watchFolder } = this.#options;
    // A root that is a link itself would be watched as the link that it is, and not as the folder.
    const real = await this.#real();
    if (this.#closed) return;
    const asGiven = (path: string): string => (real === root ? path : join(root, relative(real, path)));
    const watch: FolderWatch = startWatch({
      root: real,
      recursive,
      usePolling: polling,
      ignoreFolder: path => ignoreFolder(asGiven(path)),
      onHint: path => {
        if (!this.#canary.heard(asGiven(path))) onHint(asGiven(path));
      },
      onProblem: error => this.#distrust(watch, error),
    });
    this.#watch = watch;
    this.#polls = polling;
    const over = new AbortController();
    await Promise.race([watch.ready, sleep(clock, ARM_TIMEOUT_MS, over.signal)]);
    over.abort();
    if (polling) this.#scheduleTrial();
    else if (!this.#problem) this.#scheduleCanary();
  }

  async #real(): Promise<string> {
    const { fs, root } = this.#options;
    try {
      return (await fs.lstat(root)).isSymbolicLink() ? await fs.realpath(root) : root;
    } catch {
      // Gone since it was looked at, which is found out by whoever lists it.
      return root;
    }
  }

  async #stop(): Promise<void> {
    const watch = this.#watch;
    this.#watch = undefined;
    await watch?.close();
  }

  #distrust(watch: FolderWatch, error: Error): void {
    // A watch with one problem often has many, and those of one that is closed concern nobody.
    if (this.#watch !== watch || this.#givenUp === watch || this.#closed) return;
    if (this.#polls) this.#options.onRescan();
    else this.#fallBack(watchProblem(this.#options.root, error), isWatchLimit(error) ? LATER_TRIAL_MS : FIRST_TRIAL_MS);
  }

  #fallBack(problem: Error, firstTrialMs: number): void {
    if (this.#closed) return;
    this.#givenUp = this.#watch;
    const told = this.#problem !== undefined;
    this.#problem = problem;
    this.#trialMs = Math.min(LONGEST_TRIAL_MS, Math.max(firstTrialMs, this.#trialMs * 2));
    if (!told) this.#options.onDegraded(problem);
    // What was missed until now is found by a rescan once the polling has begun.
    void this.#start(true).then(() => this.#options.onRescan());
  }

  #scheduleCanary(): void {
    const { clock, canaryIntervalMs = 0 } = this.#options;
    if (this.#closed || canaryIntervalMs === 0) return;
    this.#canaryTimer = clock.setTimeout(() => {
      void this.probe().then(() => {
        if (this.mode === 'native') this.#scheduleCanary();
      });
    }, canaryIntervalMs);
    this.#canaryTimer.unref();
  }

  #scheduleTrial(): void {
    if (this.#closed || !this.#problem) return;
    this.#trialTimer = this.#options.clock.setTimeout(() => void this.#try(), this.#trialMs);
    this.#trialTimer.unref();
  }

  /** Native events once more: kept if the probe comes through, or must not or cannot be written. */
  async #try(): Promise<void> {
    await this.#start(false);
    if (this.#closed || this.#polls || !this.#problem) return;
    const result = (this.#options.canaryIntervalMs ?? 0) === 0 ? 'unknown' : await this.#canary.probe();
    if (this.#closed || this.#polls || !this.#problem) return;
    if (result === 'silent') return this.#fallBack(this.#problem, LATER_TRIAL_MS);
    this.#problem = undefined;
    this.#scheduleCanary();
    this.#options.onRecovered();
    this.#options.onRescan();
  }

  #clear(): void {
    const { clock } = this.#options;
    if (this.#canaryTimer) clock.clearTimeout(this.#canaryTimer);
    if (this.#trialTimer) clock.clearTimeout(this.#trialTimer);
    this.#canaryTimer = undefined;
    this.#trialTimer = undefined;
  }
}

/** All watch folders of a pool: who hears of what, and when everything is looked at anew. */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.js';
import type { StartWatch } from '../discovery/watch.js';
import { type FolderState, WatchedFolder } from '../discovery/watched-folder.js';
import { MillraceError } from '../errors.js';
import type { FileSystem } from '../files/file-system.js';
import { comparable, isInside } from '../files/names.js';
import type { ConverterEntry } from './converter-entry.js';
import type { ConverterRegistry } from './converter-registry.js';
import type { IntakeRoot } from './find-files.js';
import type { Intake } from './intake.js';
import type { ScanStatistics } from './pool-events.js';
import { Post, type WatchSettings, watchSettings } from './post.js';

/** What a watch post is made with, and whom it tells. */
export interface WatchPostOptions {
  fs: FileSystem;
  clock: Clock;
  registry: ConverterRegistry;
  startWatch?: StartWatch | undefined;
  onDegraded: (folder: string, error: Error) => void;
  onRecovered: (folder: string) => void;
  onScanned: (statistics: ScanStatistics) => void;
  /** A link was refused, or a filter of the user's threw. */
  onError: (error: Error, path: string) => void;
}

/** Watches each folder once, however many converters share it. */
export class WatchPost {
  readonly #options: WatchPostOptions;
  readonly #intake: Intake;
  readonly #posts = new Map<string, Post>();
  /** Scans that run, and those that were asked for meanwhile and follow. */
  readonly #scans = new Map<Post, { current: Promise<ScanStatistics>; next: Promise<ScanStatistics> | undefined }>();
  #armed = false;
  #closed = false;

  constructor(intake: Intake, options: WatchPostOptions) {
    this.#intake = intake;
    this.#options = options;
    for (const [key, entries] of this.#wanted()) this.#posts.set(key, this.#post(entries));
  }

  get roots(): readonly IntakeRoot[] {
    return [...this.#posts.values()];
  }

  /** Arms all watches. Resolves when they hear, or are known not to. */
  async arm(): Promise<void> {
    this.#armed = true;
    await Promise.all([...this.#posts.values()].map(post => post.folder.start()));
  }

  /**
   * The registry has changed: folders that nobody wants any more are left, new ones are watched, and those that are to be
   * watched in another way are watched anew. Resolves when the watches hear, or are known not to.
   * @returns The roots that should be looked at: something about them has changed.
   */
  async update(): Promise<IntakeRoot[]> {
    if (this.#closed) return [];
    const wanted = this.#wanted();
    const changed = new Set<Post>();
    const steps: Promise<void>[] = [];
    for (const [key, post] of this.#posts) {
      if (wanted.has(key)) continue;
      this.#posts.delete(key);
      // What was heard of it and not looked at yet is nobody's now.
      post.entries = [];
      steps.push(post.folder.close());
    }
    for (const [key, entries] of wanted) {
      const post = this.#posts.get(key);
      if (!post) {
        const added = this.#post(entries);
        this.#posts.set(key, added);
        changed.add(added);
        if (this.#armed) steps.push(added.folder.start());
        continue;
      }
      if (!sameItems(post.entries, entries)) changed.add(post);
      post.entries = entries;
      const settings = watchSettings(entries, this.#options.registry.excludedFolders(post.root));
      if (isDeepStrictEqual(settings, post.settings)) continue;
      changed.add(post);
      steps.push(post.folder.close());
      post.watchAnew(settings);
      if (this.#armed) steps.push(post.folder.start());
    }
    await Promise.all(steps);
    return [...changed];
  }

  /** Looks at everything anew. Resolves with what was found when a scan that began after this call has ended. */
  async scanAll(): Promise<ScanStatistics> {
    const posts = [...this.#posts.values()].filter(post => !post.folder.away);
    const results = await Promise.all(posts.map(post => this.#scan(post)));
    const sum = { scanned: 0, queued: 0, skipped: 0, errors: 0, durationMs: 0 };
    for (const one of results) {
      for (const key of ['scanned', 'queued', 'skipped', 'errors'] as const) sum[key] += one[key];
      sum.durationMs = Math.max(sum.durationMs, one.durationMs);
    }
    return sum;
  }

  /** Looks at one root anew, as {@link scanAll} does. */
  async scan(root: IntakeRoot): Promise<void> {
    const post = this.#at(root.root);
    if (post && !this.#closed) this.#options.onScanned(await this.#scan(post));
  }

  /** The root in which a path (absolute) lies, the innermost one first. */
  rootOf(path: string): IntakeRoot | undefined {
    return this.roots.filter(post => isInside(post.root, path)).sort((a, b) => b.root.length - a.root.length)[0];
  }

  /** Why a file is nobody's, from each converter of its folder. */
  refusals(root: IntakeRoot, path: string): string[] {
    return this.#at(root.root)?.refusals(path) ?? [];
  }

  /** Where a symbolic link in a watch folder leads, and what that means, in words that complete "it is …". */
  async link(root: IntakeRoot, path: string): Promise<string> {
    return (await this.#at(root.root)?.folder.describeLink(path)) ?? 'a symbolic link';
  }

  /** Whether a root is there and has been the same since `sinceMs` (monotonic). Of one that is not watched, nobody knows. */
  async holdsSince(root: string, sinceMs: number): Promise<boolean> {
    return (await this.#at(root)?.folder.holdsSince(sinceMs)) ?? false;
  }

  /** How each folder is watched now, and why not by native events where that is so. */
  folders(): FolderState[] {
    return [...this.#posts.values()].map(post => post.folder.state);
  }

  /** Watches that cannot be reached. */
  away(): string[] {
    return [...this.#posts.values()].filter(post => post.folder.away).map(post => post.root);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#posts.values()].map(post => post.folder.close()));
    await Promise.all([...this.#scans.values()].map(scan => scan.next ?? scan.current));
  }

  #at(root: string): Post | undefined {
    return this.#posts.get(comparable(root));
  }

  async #scan(post: Post): Promise<ScanStatistics> {
    const running = this.#scans.get(post);
    if (running) {
      running.next ??= running.current.then(() => {
        this.#scans.delete(post);
        return this.#scan(post);
      });
      return running.next;
    }
    const current = this.#intake.scan(post).then(({ statistics, missed }) => {
      post.folder.scanned(missed, statistics.durationMs);
      return statistics;
    });
    const scan = { current, next: undefined };
    this.#scans.set(post, scan);
    const statistics = await current;
    if (this.#scans.get(post) === scan && scan.next === undefined) this.#scans.delete(post);
    return statistics;
  }

  /** The converters of each folder that is to be watched, in their order. */
  #wanted(): Map<string, ConverterEntry[]> {
    const byFolder = new Map<string, ConverterEntry[]>();
    for (const entry of this.#options.registry.entries) {
      const key = comparable(entry.watchFolder);
      byFolder.set(key, [...(byFolder.get(key) ?? []), entry]);
    }
    return byFolder;
  }

  #post(entries: readonly ConverterEntry[]): Post {
    const root = (entries[0] as ConverterEntry).watchFolder;
    const settings = watchSettings(entries, this.#options.registry.excludedFolders(root));
    return new Post(root, entries, settings, {
      watched: (post, how) => this.#folder(post, how),
      onError: this.#options.onError,
    });
  }

  #folder(post: IntakeRoot, settings: WatchSettings): WatchedFolder {
    const { fs, clock, startWatch, onDegraded, onRecovered, onError } = this.#options;
    return new WatchedFolder({
      fs,
      clock,
      root: post.root,
      ...settings,
      startWatch,
      onHint: path => this.#intake.hint(post, path),
      onRescan: () => void this.scan(post),
      onDegraded: error => onDegraded(post.root, error),
      onRecovered: () => onRecovered(post.root),
      onEscape: (path, target) => {
        const message = `${path} is a symbolic link out of its watch folder, to ${target}; it is not followed`;
        onError(new MillraceError('LINK_ESCAPES', message), path);
      },
    });
  }
}

function sameItems<T>(one: readonly T[], other: readonly T[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}

/** All watch folders of a pool: who hears of what, and when everything is looked at anew. */
import type { Clock } from '../clock.js';
import type { StartWatch } from '../discovery/watch.js';
import { WatchedFolder } from '../discovery/watched-folder.js';
import type { FileSystem } from '../files/file-system.js';
import { comparable, isInside } from '../files/names.js';
import { type ConverterEntry, excludedFolders } from './converter-entry.js';
import type { IntakeRoot } from './find-files.js';
import type { Intake } from './intake.js';
import type { ScanStatistics } from './pool-events.js';

/** What a watch post is made with, and whom it tells. */
export interface WatchPostOptions {
  fs: FileSystem;
  clock: Clock;
  entries: readonly ConverterEntry[];
  startWatch?: StartWatch | undefined;
  onDegraded: (folder: string, error: Error) => void;
  onRecovered: (folder: string) => void;
  onScanned: (statistics: ScanStatistics) => void;
}

interface Post extends IntakeRoot {
  folder: WatchedFolder;
  entries: readonly ConverterEntry[];
}

/** Watches each folder once, however many converters share it. */
export class WatchPost {
  readonly #options: WatchPostOptions;
  readonly #intake: Intake;
  readonly #posts: readonly Post[];
  /** Scans that run, and those that were asked for meanwhile and follow. */
  readonly #scans = new Map<Post, { current: Promise<ScanStatistics>; next: Promise<ScanStatistics> | undefined }>();

  constructor(intake: Intake, options: WatchPostOptions) {
    this.#intake = intake;
    this.#options = options;
    const byFolder = new Map<string, ConverterEntry[]>();
    for (const entry of options.entries) {
      const key = comparable(entry.watchFolder);
      byFolder.set(key, [...(byFolder.get(key) ?? []), entry]);
    }
    this.#posts = [...byFolder.values()].map(entries => this.#post(entries));
  }

  get roots(): readonly IntakeRoot[] {
    return this.#posts;
  }

  /** Arms all watches. Resolves when they hear, or are known not to. */
  async arm(): Promise<void> {
    await Promise.all(this.#posts.map(post => post.folder.start()));
  }

  /** Looks at everything anew. Resolves with what was found when a scan that began after this call has ended. */
  async scanAll(): Promise<ScanStatistics> {
    const results = await Promise.all(this.#posts.filter(post => !post.folder.away).map(post => this.#scan(post)));
    const sum = { scanned: 0, queued: 0, skipped: 0, errors: 0, durationMs: 0 };
    for (const one of results) {
      for (const key of ['scanned', 'queued', 'skipped', 'errors'] as const) sum[key] += one[key];
      sum.durationMs = Math.max(sum.durationMs, one.durationMs);
    }
    return sum;
  }

  /** Looks at one root anew, as {@link scanAll} does. */
  async scan(root: IntakeRoot): Promise<void> {
    const post = this.#posts.find(one => one.root === root.root);
    if (post) this.#options.onScanned(await this.#scan(post));
  }

  /** The root in which a path (absolute) lies, the innermost one first. */
  rootOf(path: string): IntakeRoot | undefined {
    return this.#posts.filter(post => isInside(post.root, path)).sort((a, b) => b.root.length - a.root.length)[0];
  }

  /** Why a file is nobody's, from each converter of its folder. */
  refusals(root: IntakeRoot, path: string): string[] {
    const post = this.#posts.find(one => one.root === root.root);
    return (post?.entries ?? []).flatMap(entry => {
      const why = entry.refuses(path);
      return why === undefined ? [] : [`for '${entry.converter.name}' ${why}`];
    });
  }

  /** A root may be away: it is looked at now and not at the next rescan. */
  async check(path: string): Promise<void> {
    await this.#posts.find(post => post.root === path)?.folder.check();
  }

  /** Watches that cannot be reached. */
  away(): string[] {
    return this.#posts.filter(post => post.folder.away).map(post => post.root);
  }

  async close(): Promise<void> {
    await Promise.all(this.#posts.map(post => post.folder.close()));
    await Promise.all([...this.#scans.values()].map(scan => scan.next ?? scan.current));
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
    const current = this.#intake.scan(post);
    const scan = { current, next: undefined };
    this.#scans.set(post, scan);
    const statistics = await current;
    if (this.#scans.get(post) === scan && scan.next === undefined) this.#scans.delete(post);
    return statistics;
  }

  #post(entries: readonly ConverterEntry[]): Post {
    const { fs, clock, startWatch, onDegraded, onRecovered } = this.#options;
    const root = (entries[0] as ConverterEntry).watchFolder;
    const folder = new WatchedFolder({
      fs,
      clock,
      root,
      recursive: entries.some(entry => entry.recursive),
      usePolling: entries.some(entry => entry.usePolling),
      rescanIntervalMs: Math.min(...entries.map(entry => entry.rescanIntervalMs)),
      excluded: excludedFolders(root, this.#options.entries),
      startWatch,
      onHint: path => this.#intake.hint(post, path),
      onRescan: () => void this.scan(post),
      onDegraded: error => onDegraded(root, error),
      onRecovered: () => onRecovered(root),
    });
    const post: Post = {
      root,
      folder,
      entries,
      list: signal => folder.list(signal),
      excludes: path => folder.excludes(path),
      route: path => entries.find(entry => entry.refuses(path) === undefined),
    };
    return post;
  }
}

/** A watch folder with the converters whose files it brings. */
import type { WatchedFolder } from '../discovery/watched-folder.js';
import type { ConverterEntry } from './converter-entry.js';
import type { IntakeRoot } from './find-files.js';

/** What the converters of a folder decide about how it is watched. When any of this changes, it is watched anew. */
export interface WatchSettings {
  recursive: boolean;
  usePolling: boolean;
  rescanIntervalMs: number;
  excluded: readonly string[];
}

/** It stays the same object while its converters, and how it is watched, change. */
export class Post implements IntakeRoot {
  readonly root: string;
  /** In the order of the configuration; empty once nobody wants its files any more. */
  entries: readonly ConverterEntry[];
  settings: WatchSettings;
  folder: WatchedFolder;
  readonly #watched: (post: Post, settings: WatchSettings) => WatchedFolder;

  constructor(
    root: string,
    entries: readonly ConverterEntry[],
    settings: WatchSettings,
    watched: (post: Post, settings: WatchSettings) => WatchedFolder,
  ) {
    this.root = root;
    this.entries = entries;
    this.settings = settings;
    this.#watched = watched;
    this.folder = watched(this, settings);
  }

  /** Puts a folder that is watched in another way in the place of the old one, which the caller closes. */
  watchAnew(settings: WatchSettings): void {
    this.settings = settings;
    this.folder = this.#watched(this, settings);
  }

  list(signal?: AbortSignal): AsyncIterable<string> {
    return this.folder.list(signal);
  }

  excludes(path: string): boolean {
    return this.folder.excludes(path);
  }

  route(path: string): ConverterEntry | undefined {
    return this.entries.find(entry => entry.refuses(path) === undefined);
  }
}

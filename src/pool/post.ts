/** A watch folder with the converters whose files it brings. */
import type { WatchedFolder } from '../discovery/watched-folder.js';
import { MillraceError, toError } from '../errors.js';
import type { ConverterEntry } from './converter-entry.js';
import type { IntakeRoot, Unit } from './find-files.js';

/** What the converters of a folder decide about how it is watched. When any of this changes, it is watched anew. */
export interface WatchSettings {
  recursive: boolean;
  maxDepth: number;
  usePolling: boolean;
  rescanIntervalMs: number;
  canaryIntervalMs: number;
  canaryTimeoutMs: number;
  sentinel: string | undefined;
  excluded: readonly string[];
}

/** How a folder is watched that is shared by these converters: so that each of them has what it asks for. */
export function watchSettings(entries: readonly ConverterEntry[], excluded: readonly string[]): WatchSettings {
  const canaries = entries.map(entry => entry.canaryIntervalMs).filter(interval => interval > 0);
  return {
    recursive: entries.some(entry => entry.recursive || entry.unit.deep),
    maxDepth: Math.max(...entries.map(entry => entry.maxDepth)),
    usePolling: entries.some(entry => entry.usePolling),
    rescanIntervalMs: Math.min(...entries.map(entry => entry.rescanIntervalMs)),
    canaryIntervalMs: canaries.length === 0 ? 0 : Math.min(...canaries),
    canaryTimeoutMs: Math.max(...entries.map(entry => entry.canaryTimeoutMs)),
    sentinel: entries.find(entry => entry.sentinel !== undefined)?.sentinel,
    excluded,
  };
}

/** Who watches for a post, and who is told of trouble. */
export interface PostExits {
  watched: (post: Post, settings: WatchSettings) => WatchedFolder;
  onError: (error: Error, path: string) => void;
}

/** It stays the same object while its converters, and how it is watched, change. */
export class Post implements IntakeRoot {
  readonly root: string;
  /** In the order of the configuration; empty once nobody wants its files any more. */
  entries: readonly ConverterEntry[];
  settings: WatchSettings;
  folder: WatchedFolder;
  readonly #exits: PostExits;
  /** Converters whose filters threw. */
  readonly #complained = new WeakSet<ConverterEntry>();

  constructor(root: string, entries: readonly ConverterEntry[], settings: WatchSettings, exits: PostExits) {
    this.root = root;
    this.entries = entries;
    this.settings = settings;
    this.#exits = exits;
    this.folder = exits.watched(this, settings);
  }

  /** Puts a folder that is watched in another way in the place of the old one, which the caller closes. */
  watchAnew(settings: WatchSettings): void {
    this.settings = settings;
    this.folder = this.#exits.watched(this, settings);
  }

  list(signal?: AbortSignal, onError?: (error: Error, path: string) => void): AsyncIterable<string> {
    return this.folder.list(signal, onError);
  }

  excludes(path: string): boolean {
    return this.folder.excludes(path);
  }

  route(path: string): Unit | undefined {
    if (this.#isMarker(path)) return undefined;
    const entry = this.entries.find(one => this.#refuses(one, path) === undefined);
    return entry && { entry, path: entry.unit.of(path) };
  }

  accompanied(path: string): string[] {
    return this.entries.flatMap(entry => entry.unit.accompanied(path));
  }

  /** Why a file is nobody's, in words that complete "… is ignored: …". */
  refusals(path: string): string[] {
    if (this.#isMarker(path)) return ['it is a done-file, which is never data'];
    return this.entries.flatMap(entry => {
      const why = this.#refuses(entry, path);
      return why === undefined ? [] : [`for '${entry.converter.name}' ${why}`];
    });
  }

  /** Whether a file says that another one is whole: to none of the converters is it data. */
  #isMarker(path: string): boolean {
    return this.entries.some(entry => entry.readiness?.doneFile?.isMarker(path));
  }

  /** Filters are the user's, too, and may throw: the file is then nobody's, and the first time is told of. */
  #refuses(entry: ConverterEntry, path: string): string | undefined {
    try {
      return entry.refuses(path);
    } catch (thrown) {
      const { message } = toError(thrown);
      if (!this.#complained.has(entry)) {
        this.#complained.add(entry);
        const what = `A filter of '${entry.converter.name}' threw: ${message}`;
        this.#exits.onError(new MillraceError('HOOK_FAILED', what, { cause: thrown }), path);
      }
      return `a filter threw: ${message}`;
    }
  }
}

/** The converters of a pool, which come and go while it runs. Whoever needs them asks here each time and keeps no list. */
import { comparable, isInside } from '../files/names.js';
import type { FileRecord } from '../ledger/file-record.js';
import type { ConverterEntry } from './converter-entry.js';
import { singleFile } from './units/single-file.js';

/** One for each pool; changed by {@link Reconfiguration} alone. */
export class ConverterRegistry {
  #entries: readonly ConverterEntry[];
  /** Those that left, by name: reports of theirs may still be on their way, and their folders still hold sources. */
  readonly #former = new Map<string, ConverterEntry>();

  constructor(entries: readonly ConverterEntry[]) {
    this.#entries = entries;
  }

  /** In the order of the configuration. */
  get entries(): readonly ConverterEntry[] {
    return this.#entries;
  }

  /** The converter of this name, if the pool has it now. */
  get(name: string | null): ConverterEntry | undefined {
    return this.#entries.find(entry => entry.converter.name === name);
  }

  /** All that may take a file which is a unit by itself, in the order of the configuration. */
  candidates({ root, path }: Pick<FileRecord, 'root' | 'path'>): readonly ConverterEntry[] {
    const folder = comparable(root);
    const among = this.#entries.filter(one => one.unit === singleFile && comparable(one.watchFolder) === folder);
    return among.filter(one => takes(one, path));
  }

  /** All that may take what `entry` may take. Files with companions and folders are the first one's, without a choice. */
  rivals(entry: ConverterEntry, place: Pick<FileRecord, 'root' | 'path'>): readonly ConverterEntry[] {
    return entry.unit === singleFile ? this.candidates(place) : [entry];
  }

  /** To clean up after a conversion: the converter of this name, or the one that was in the pool until it was removed. */
  lastKnown(name: string | null): ConverterEntry | undefined {
    return this.get(name) ?? (name === null ? undefined : this.#former.get(name));
  }

  /** The converter that was in this pool until it was removed, and that a file which is in nobody's hand belonged to. */
  leftBehindBy({ converter, root }: Pick<FileRecord, 'converter' | 'root'>): ConverterEntry | undefined {
    if (this.get(converter)) return undefined;
    if (converter !== null) return this.#former.get(converter);
    return [...this.#former.values()].find(entry => entry.watchFolder === root);
  }

  /** Whether files still go on with this very entry: it was neither changed nor removed. */
  isCurrent(entry: ConverterEntry): boolean {
    return this.#entries.includes(entry);
  }

  replace(entries: readonly ConverterEntry[]): void {
    for (const entry of this.#entries) if (!entries.includes(entry)) this.#former.set(entry.converter.name, entry);
    for (const { converter } of entries) this.#former.delete(converter.name);
    this.#entries = entries;
  }

  /**
   * Folders inside `root` that are not watched: what we put there ourselves, also for converters that left, and the watch
   * folders of others.
   */
  excludedFolders(root: string): string[] {
    const folders = [...this.#entries, ...this.#former.values()].flatMap(entry => [
      entry.doneFolder,
      entry.errorFolder,
      entry.pendingFolder,
    ]);
    const watched = this.#entries.map(entry => entry.watchFolder);
    return [...new Set([...folders, ...watched])].filter(folder => folder !== root && isInside(root, folder));
  }
}

function takes(entry: ConverterEntry, path: string): boolean {
  try {
    return entry.refuses(path) === undefined;
  } catch {
    // A filter of the user's. Whoever watches the folder has told of it.
    return false;
  }
}

/** What users subclass to convert folders: everything that a tester writes for one unit, as one source. */
import { basename } from 'node:path';
import picomatch from 'picomatch';
import { ConverterBase, GLOB } from './converter-base.js';

/** A folder as it lies there, before anything in it is read. */
export interface FolderListing {
  /** The folder's name. */
  readonly name: string;
  /** Its files, at any depth, without the marker and without what is never data (hidden files, `.tmp`, …). */
  readonly files: readonly { readonly name: string; readonly size: number; readonly modifiedAt: Date }[];
  /** Whether the marker is there; true where none is asked for. */
  readonly marked: boolean;
}

/**
 * Turns a folder into one or more reports. A sub-folder of the watch folder is one source: it is ready as a whole, is
 * converted as a whole (`source.files`), and is moved, zipped, deleted or put aside as a whole. It is taken when
 * {@link FolderConverter.waitsFor} has nothing to wait for and nothing in it has changed for `stabilityMs`.
 *
 * @typeParam TReport What a report is: any JSON-serialisable object.
 * @typeParam TArguments What the converter can be configured with.
 */
export abstract class FolderConverter<
  TReport extends object = object,
  TArguments extends object = Record<string, unknown>,
> extends ConverterBase<TReport, TArguments> {
  /** Not used: `folderPatterns` say which folders are its. */
  override readonly supportedExtensions: readonly string[] = [];
  /**
   * Globs on a folder's path relative to the watch folder, with `/`; the outermost folder that matches is the unit.
   * Default: every folder directly in the watch folder. `*\/*` takes those one level below.
   */
  readonly folderPatterns: readonly string[] = ['*'];
  /** Name of the file that the tester writes last, such as `ready` or `{name}.done` (`{name}`: the folder's). Default: none. */
  readonly marker: string | undefined = undefined;
  /** Globs on the path relative to the folder; it is complete when each matches a file. Default: none. */
  readonly expectedFiles: readonly string[] = [];
  /** How many files there must be. Default 1. */
  readonly minimumFiles: number = 1;

  /** Why the folder is not complete yet, as words after "it waits for"; `undefined` when it is. Called at each look, so it should be quick. */
  waitsFor({ name, files, marked }: FolderListing): string | undefined {
    if (!marked) return `its marker '${markerOf(this.marker, name)}'`;
    const missing = this.expectedFiles.filter(
      pattern => !files.some(file => picomatch.isMatch(file.name, pattern, GLOB)),
    );
    if (missing.length > 0) return `the expected ${missing.map(pattern => `'${pattern}'`).join(', ')}`;
    if (files.length < this.minimumFiles) return `more files: it has ${files.length} of at least ${this.minimumFiles}`;
    return undefined;
  }
}

/** The marker's name in a folder; `undefined` where there is none. */
export function markerOf(marker: string | undefined, folder: string): string | undefined {
  return marker?.replaceAll('{name}', basename(folder));
}

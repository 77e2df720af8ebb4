/** What one source of a converter is: a file, a file with its companions, or a folder. The pool knows them by this alone. */
import type { HeldSource } from '../../converters/held-source.js';
import type { Look } from '../../discovery/look.js';
import type { FileSystem } from '../../files/file-system.js';
import type { FileIdentity } from '../../files/identity.js';
import type { Tree } from '../../files/tree.js';

/** Where a unit is. */
export interface UnitPlace {
  /** Its own path, absolute, in the watch folder. */
  path: string;
  /** Where its bytes are: there, or in the error or pending folder. */
  location: string;
  /** How long it has been known. */
  waitedMs: number;
  /** As `copyTo` of `FileSource.read`. */
  copyTo?: string | undefined;
  /** What it was when it was last looked at, where that is known: if it still is, reading it takes fewer looks. */
  seen?: FileIdentity | undefined;
}

/** A kind of unit. Paths are relative to the watch folder, with `/`, unless they are said to be absolute. */
export interface UnitKind {
  /** Its files lie in sub-folders of the watch folder. */
  readonly deep: boolean;
  /** The path of the unit to which a file would belong; the file's own where it is a unit by itself. */
  of(path: string): string;
  /** Why a file of this path belongs to no unit of this kind; `undefined` when it may. */
  refuses(path: string): string | undefined;
  /** Names in the unit's own folder that belong to it, beside its own, whether they are there or not. */
  companions(name: string): readonly string[];
  /** Paths of units that a file of this path may be a companion of. */
  accompanied(path: string): readonly string[];
  /** Looks at the unit at this absolute path. @param waitedMs How long it has been known. @returns `undefined` when it is not there. */
  look(fs: FileSystem, path: string, waitedMs: number): Promise<Look | undefined>;
  /** Reads it. @throws As `FileSource.read`, and `COMPANION_MISSING`. */
  read(fs: FileSystem, place: UnitPlace): Promise<HeldSource>;
  /** The SHA-256 of the key that its maker gave it, in place of that of its content; absent where it is always that. */
  givenKey?(path: string): string | undefined;
  /** How a unit of several files is cleaned up; absent where it is always one file. */
  readonly tree?: TreeKind;
}

/** How a unit of several files is taken out of the watch folder and put back; outside it, it is one folder. */
export interface TreeKind {
  /** Whether the unit, wherever it is, is one plain file after all; `undefined` when it is not there. */
  isPlain(fs: FileSystem, place: UnitPlace): Promise<boolean | undefined>;
  /** Moves it from its path (absolute) into the hidden folder `taken`. Goes on with what was begun before. */
  take(fs: FileSystem, path: string, taken: string): Promise<void>;
  /** Puts what is in `folder` back to its path (absolute), under a numbered name where that is taken. */
  giveBack(fs: FileSystem, folder: string, path: string): Promise<void>;
  /** The identity of a unit whose files these are. @param path The unit's own. */
  identityOf(tree: Tree, path: string): FileIdentity;
}

/** File names that we make: numbered, short enough, and never leading out of a folder. */
import { basename, dirname, extname, isAbsolute, join, relative, sep } from 'node:path';
import { MillraceError } from '../errors.js';

/** Longest name that every common file system takes, in bytes of UTF-8 (NTFS and APFS count in other units and take more). */
const MAX_NAME_BYTES = 255;
/** What follows a dot and is longer than this is a sentence and no extension, and may be cut. */
const MAX_EXTENSION = 32;

/** `a.csv` as `a_1.csv`, `a_2.csv`, …; 0 is the name itself. */
export function numbered(name: string, number: number): string {
  if (number === 0) return name;
  const ending = extname(name);
  const extension = ending.length > MAX_EXTENSION ? '' : ending;
  const suffix = `_${number}${extension}`;
  return shortened(name.slice(0, name.length - extension.length), Buffer.byteLength(suffix)) + suffix;
}

/** The name with an ending, its end cut where it would be longer than a name may be. */
export function withEnding(name: string, ending: string): string {
  return shortened(name, Buffer.byteLength(ending)) + ending;
}

/** `relativePath` inside `folder`, as an absolute path. @throws MillraceError `NAME_ESCAPES` when it would lead out of it. */
export function inside(folder: string, relativePath: string): string {
  const path = join(folder, relativePath);
  if (!isInside(folder, path)) {
    throw new MillraceError('NAME_ESCAPES', `'${relativePath}' leads out of ${folder}`);
  }
  return path;
}

/** Whether `path` is `folder` or lies below it. */
export function isInside(folder: string, path: string): boolean {
  if (plainlyBelow(folder, path) !== undefined) return true;
  const below = relative(folder, path);
  return below === '' || (below !== '..' && !below.startsWith(`..${sep}`) && !isAbsolute(below));
}

/** A path relative to `folder` with `/` on every platform: the form in which the ledger and patterns know it. */
export function relativeTo(folder: string, path: string): string {
  const below = plainlyBelow(folder, path) ?? relative(folder, path);
  return sep === '/' ? below : below.split(sep).join('/');
}

/** A part of a path that is empty or leads elsewhere. */
const ODD_PART = /(?:^|[\\/])\.{0,2}(?:[\\/]|$)/;

/** What follows `folder` in a path that begins with it. Most do, and `relative` resolves both, at some 15 times the cost. */
function plainlyBelow(folder: string, path: string): string | undefined {
  if (!path.startsWith(folder)) return undefined;
  if (path.length === folder.length) return '';
  if (path[folder.length] !== sep) return undefined;
  const below = path.slice(folder.length + 1);
  return ODD_PART.test(below) ? undefined : below;
}

/** The form in which two paths are equal when the platform takes them for the same file. */
export function comparable(path: string): string {
  return process.platform === 'win32' || process.platform === 'darwin' ? path.toLowerCase() : path;
}

/** The ending of {@link takenName}. */
export const TAKEN_SUFFIX = '.millrace-taken';

/** The hidden name under which a file waits, in its own folder, for the last look before it is removed. */
export function takenName(path: string, tag: string): string {
  return join(dirname(path), `.${tag}${TAKEN_SUFFIX}`);
}

/** Whether a name is one of {@link takenName}. */
export function isTaken(name: string): boolean {
  return name.startsWith('.') && name.endsWith(TAKEN_SUFFIX);
}

/** A file of ours (being written, or taken for removal) that is never data. */
export function isOurs(path: string): boolean {
  return /^\..*\.millrace-/.test(basename(path));
}

function shortened(stem: string, reservedBytes: number): string {
  const limit = MAX_NAME_BYTES - reservedBytes;
  if (Buffer.byteLength(stem) <= limit) return stem;
  let result = '';
  let bytes = 0;
  // By code points, so that no character is cut in half.
  for (const character of stem) {
    bytes += Buffer.byteLength(character);
    if (bytes > limit) break;
    result += character;
  }
  return result;
}

/** Done-files: a file whose presence says that another one is whole. */
import { basename, dirname, extname, join } from 'node:path';
import { comparable } from '../files/names.js';

/** Which done-file belongs to which file. */
export interface DoneFile {
  /** One done-file for all files of a folder. */
  readonly perFolder: boolean;
  /** The done-file of a file, beside it. @param path Absolute or relative; the done-file's path is alike. */
  markerOf(path: string): string;
  /** Whether a file is a done-file by its name, and so never data. */
  isMarker(path: string): boolean;
}

/** Why this cannot be a done-file; `undefined` when it can. */
export function doneFileProblem(pattern: unknown): string | undefined {
  if (typeof pattern !== 'string' || pattern === '') return 'must be a file name such as {name}.ready';
  if (/[\\/]/.test(pattern)) return 'must be the name of a file beside the data, without a folder';
  if ((pattern.match(/\{/g) ?? []).length > 1 || /\{(?!name\}|stem\})/.test(pattern))
    return 'may hold {name} or {stem} once, and no other placeholder';
  if (pattern === '{name}' || pattern === '{stem}') return 'would be the file itself';
  return undefined;
}

/** @param pattern `{name}` is the file's name, `{stem}` its name without the extension; without either it is one name for a folder. */
export function parseDoneFile(pattern: string): DoneFile {
  const [before = '', placeholder, after = ''] = pattern.split(/(\{name\}|\{stem\})/);
  if (placeholder === undefined) {
    const wanted = comparable(pattern);
    return {
      perFolder: true,
      markerOf: path => join(dirname(path), pattern),
      isMarker: path => comparable(basename(path)) === wanted,
    };
  }
  const nameOf = (path: string): string => (placeholder === '{name}' ? basename(path) : basename(path, extname(path)));
  const [start, end] = [comparable(before), comparable(after)];
  return {
    perFolder: false,
    markerOf: path => join(dirname(path), before + nameOf(path) + after),
    isMarker: path => {
      const name = comparable(basename(path));
      return name.length > start.length + end.length && name.startsWith(start) && name.endsWith(end);
    },
  };
}

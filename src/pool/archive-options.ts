/** What a converter's options say about the archive. */
import type { ArchiveStorage } from '../archive/index.js';
import type { ConfigProblem } from '../errors.js';
import type { ConverterEntry } from './converter-entry.js';

/** Whether and how the sources and reports of a converter are archived. */
export interface ConverterArchiving {
  /** Whether they are, where there is an archive for them. Default true. */
  archive?: boolean;
  /** An archive of its own in this folder, in place of the pool's. The pool opens and closes it. */
  archiveFolder?: string;
  /** Archive the sources. Default true. Without them the reports are not archived either: those are kept with their source. */
  archiveSourceFiles?: boolean;
  /** Archive the reports. Default true. */
  archiveOutputReports?: boolean;
  /** gzip level, 1 (fast) to 9 (small). Default: the archive's. */
  compressionLevel?: number;
  /**
   * While the archive cannot be written: 'required' lets the converter's files wait, and they go on by themselves;
   * 'best-effort' converts and delivers them all the same, with an alarm. Default 'best-effort'.
   */
  archivePolicy?: 'required' | 'best-effort';
}

export const ARCHIVING_DEFAULTS = {
  archive: true,
  archiveSourceFiles: true,
  archiveOutputReports: true,
  archivePolicy: 'best-effort',
} as const;

const SWITCHES = ['archive', 'archiveSourceFiles', 'archiveOutputReports'] as const;

export function checkArchiving(options: ConverterArchiving, problem: (key: string, message: string) => void): void {
  const { archiveFolder, compressionLevel: level } = options;
  for (const key of SWITCHES) {
    const value: unknown = options[key];
    if (value !== undefined && typeof value !== 'boolean') problem(key, `must be true or false, not ${String(value)}`);
  }
  if (archiveFolder !== undefined && (typeof archiveFolder !== 'string' || archiveFolder === ''))
    problem('archiveFolder', 'must be the path of a folder');
  if (level !== undefined && !(Number.isInteger(level) && level >= 1 && level <= 9))
    problem('compressionLevel', `must be a whole number from 1 to 9, not ${level}`);
}

/** A source that is to go into the archive alone needs one. */
export function archivesMissing(
  entries: readonly ConverterEntry[],
  archive: ArchiveStorage | undefined,
): ConfigProblem[] {
  return entries.flatMap((entry, index) => {
    const { postProcess, archiveSourceFiles, archiveFolder } = entry;
    const there = entry.archive && archiveSourceFiles && (archiveFolder !== undefined || archive !== undefined);
    if (postProcess !== 'archive' || there) return [];
    const message =
      "'archive' needs an archive: give the pool one, or the converter an archiveFolder, and do not switch it off";
    return [{ path: `converters[${index}].postProcess`, message }];
  });
}

/** What a user says about the files of one converter: which they are, when they are whole, and how they are watched. */
import { type DoneFile, doneFileProblem, parseDoneFile } from './done-file.js';

/** A glob on the path relative to the watch folder with `/`, a regular expression on it, or a function that is given it. */
export type FilePattern = string | RegExp | ((path: string) => boolean);

/** What {@link DiscoveryOptions.readyWhen} is told of a file. */
export interface ReadyCandidate {
  /** Absolute. */
  readonly path: string;
  /** The file's name without its folder. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** When the content last changed, by the clock of whoever wrote it. */
  readonly modifiedAt: Date;
  /** When the pool first saw it, by the station's clock. */
  readonly firstSeenAt: Date;
}

/** Options of a converter that are about finding its files; the configuration guide lists them all. */
export interface DiscoveryOptions {
  /** Sub-folders, too; they keep their structure in the done and error folders. Default false. */
  recursive?: boolean;
  /** Only files at least so many folders below the watch folder; 0 is the watch folder itself. Default 0. */
  minDepth?: number;
  /** Only files at most so many folders below the watch folder. Default: no limit with `recursive`. */
  maxDepth?: number;
  /** Only what matches one is taken; a glob is as sensitive to case as the platform's file names. Default: all. */
  include?: FilePattern | readonly FilePattern[];
  /** What is not taken; it wins over everything. Default: none. */
  exclude?: FilePattern | readonly FilePattern[];
  /** How long a file must rest before it is taken, in ms: neither size nor mtime nor an event moves. Default 200. */
  stabilityMs?: number;
  /** Not before so long after it was first seen, in ms; restarts count. Default 0. */
  minAgeMs?: number;
  /**
   * The file whose presence says that another one is whole, beside it: `{name}.ready` or `{stem}.done` for each file,
   * or one name for all files of its folder. It is never data, and is removed when its file leaves the watch folder.
   */
  doneFile?: string;
  /** A smaller file is not whole, in bytes; see {@link tooSmall}. With 1, empty files are meant. Default 0. */
  minSizeBytes?: number;
  /** A file that rests and is too small waits for more, is skipped (and cleaned up), or fails. Default 'wait'. */
  tooSmall?: 'wait' | 'skip' | 'fail';
  /** Wait while another program has the file open in a way that an exclusive open notices. Default: on Windows. */
  exclusiveOpen?: boolean;
  /** Your own word on whether a file is whole; asked again until it is true. What it throws counts as "no". */
  readyWhen?: (file: ReadyCandidate) => boolean | Promise<boolean>;
  /**
   * A file that is not whole after so long, in ms, is `waiting`: told of once, no longer waited for by `idle()`, and still
   * taken as soon as it is whole. Default 300,000.
   */
  readyTimeoutMs?: number;
  /** The longest time between two listings of the watch folder, in ms; while events are missed they come sooner. Default 60,000. */
  rescanIntervalMs?: number;
  /** Poll in place of native events: for SMB, NFS and Docker binds. Default false. */
  usePolling?: boolean;
  /** How often a hidden probe file is written to see whether its event comes, in ms; 0 for never. Default 60,000. */
  canaryIntervalMs?: number;
  /** How long the probe's event may take, in ms, before the folder is polled. Default 5,000. */
  canaryTimeoutMs?: number;
  /** A file whose absence from the watch folder means that its volume is not mounted. Default: none, the volume's number decides. */
  sentinel?: string;
}

/** The defaults, but for those that another option or the platform decides. */
export const DISCOVERY_DEFAULTS = {
  recursive: false,
  minDepth: 0,
  stabilityMs: 200,
  minAgeMs: 0,
  minSizeBytes: 0,
  tooSmall: 'wait',
  readyTimeoutMs: 300_000,
  rescanIntervalMs: 60_000,
  usePolling: false,
  canaryIntervalMs: 60_000,
  canaryTimeoutMs: 5_000,
} as const satisfies DiscoveryOptions;

const LONGEST_MS = 2 ** 31 - 1;

/** From and to which number an option goes. */
export const DISCOVERY_RANGES = {
  minDepth: [0, 1_000],
  maxDepth: [0, 1_000],
  stabilityMs: [0, LONGEST_MS],
  minAgeMs: [0, LONGEST_MS],
  minSizeBytes: [0, Number.MAX_SAFE_INTEGER],
  readyTimeoutMs: [1, LONGEST_MS],
  rescanIntervalMs: [10, LONGEST_MS],
  canaryIntervalMs: [0, LONGEST_MS],
  canaryTimeoutMs: [1, LONGEST_MS],
} as const satisfies Partial<Record<keyof DiscoveryOptions, readonly [min: number, max: number]>>;

/** Tells what is wrong with the options, and with combinations of them, that a range cannot say. */
export function checkDiscovery(options: DiscoveryOptions, problem: (key: string, message: string) => void): void {
  const {
    minDepth = 0,
    maxDepth,
    recursive = false,
    doneFile,
    sentinel,
    readyWhen,
    tooSmall,
    minSizeBytes = 0,
  } = options;
  if (maxDepth !== undefined && minDepth > maxDepth)
    problem('minDepth', `must not be more than maxDepth (${maxDepth})`);
  if (!recursive && (minDepth > 0 || (maxDepth ?? 0) > 0))
    problem(
      minDepth > 0 ? 'minDepth' : 'maxDepth',
      'reaches sub-folders, which are only looked into with recursive: true',
    );
  for (const key of ['include', 'exclude'] as const) {
    for (const pattern of patternsOf(options[key])) {
      if (
        typeof pattern !== 'function' &&
        !(pattern instanceof RegExp) &&
        (typeof pattern !== 'string' || pattern === '')
      )
        problem(key, 'must be globs, regular expressions or functions');
    }
  }
  const why = doneFile === undefined ? undefined : doneFileProblem(doneFile);
  if (why) problem('doneFile', why);
  if (sentinel !== undefined && (typeof sentinel !== 'string' || sentinel === '' || /[\\/]/.test(sentinel)))
    problem('sentinel', 'must be the name of a file, without a folder');
  if (readyWhen !== undefined && typeof readyWhen !== 'function') problem('readyWhen', 'must be a function');
  if (tooSmall !== undefined && !['wait', 'skip', 'fail'].includes(tooSmall))
    problem('tooSmall', `must be one of wait, skip, fail, not ${String(tooSmall)}`);
  else if (tooSmall !== undefined && minSizeBytes === 0)
    problem('tooSmall', 'needs minSizeBytes: no file is smaller than 0');
}

/** One pattern or several, as several. */
export function patternsOf(patterns: DiscoveryOptions['include']): readonly FilePattern[] {
  if (patterns === undefined) return [];
  return Array.isArray(patterns) ? patterns : [patterns as FilePattern];
}

/** When a file that rests is whole. */
export interface ReadinessRules {
  minAgeMs: number;
  minSizeBytes: number;
  tooSmall: 'wait' | 'skip' | 'fail';
  exclusiveOpen: boolean;
  doneFile?: DoneFile;
  readyWhen?: NonNullable<DiscoveryOptions['readyWhen']>;
}

/** The rules of checked options; `undefined` when a file that rests is whole. */
export function readinessRules(options: DiscoveryOptions): ReadinessRules | undefined {
  const { minAgeMs = 0, minSizeBytes = 0, tooSmall = 'wait', doneFile, readyWhen } = options;
  const exclusiveOpen = options.exclusiveOpen ?? process.platform === 'win32';
  if (minAgeMs === 0 && minSizeBytes === 0 && !exclusiveOpen && doneFile === undefined && !readyWhen) return undefined;
  return {
    minAgeMs,
    minSizeBytes,
    tooSmall,
    exclusiveOpen,
    ...(doneFile === undefined ? {} : { doneFile: parseDoneFile(doneFile) }),
    ...(readyWhen ? { readyWhen } : {}),
  };
}

/** A configured converter: its options checked and complete. */
import { createHash } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { ConverterBase } from '../converters/converter-base.js';
import { FolderConverter } from '../converters/folder-converter.js';
import type { AnyConverter } from '../converters/run-conversion.js';
import { type Schedule, ScheduledConverter } from '../converters/scheduled-converter.js';
import {
  checkDiscovery,
  DISCOVERY_DEFAULTS,
  DISCOVERY_RANGES,
  type DiscoveryOptions,
  type ReadinessRules,
  readinessRules,
} from '../discovery/discovery-options.js';
import { fileFilter } from '../discovery/file-filter.js';
import type { ConfigProblem } from '../errors.js';
import type { ConverterIdentity } from '../ledger/file-record.js';
import { stableJson } from '../stable-json.js';
import { ARCHIVING_DEFAULTS, checkArchiving } from './archive-options.js';
import { companionProblems, resolveCompanions } from './companion-options.js';
import { type IsolationOptions, isolationProblems, type MadeOptions, withStandIn } from './isolation-options.js';
import { unknownConverterOptions } from './known-options.js';
import type { ConverterOptions } from './pool-options.js';
import { spoolFolder } from './pulls/spool.js';
import { scheduleProblem } from './pulls/timetable.js';
import { resolveShadow, type Shadow, shadowProblems } from './shadow-options.js';
import { companionSet } from './units/companion-set.js';
import { folderUnit } from './units/folder-unit.js';
import { pulledItem } from './units/pulled-item.js';
import { singleFile } from './units/single-file.js';
import type { UnitKind } from './units/unit-kind.js';

/** {@link ConverterOptions} with every default filled in and every path absolute. */
export interface ConverterEntry
  extends Required<
    Omit<
      ConverterOptions,
      | Exclude<keyof DiscoveryOptions, keyof typeof DISCOVERY_DEFAULTS>
      | Exclude<keyof IsolationOptions, 'isolation'>
      | 'companions'
      | 'converter'
      | 'schedule'
      | 'shadow'
      | 'archiveFolder'
      | 'compressionLevel'
    >
  > {
  converter: AnyConverter;
  /** Of an archive of its own. */
  archiveFolder?: string;
  compressionLevel?: number;
  /** What one source of it is: a file, a file with companions, a folder. */
  unit: UnitKind;
  /** The options as they were given, a module's stand-in in its place: what tells whether a reload changes anything. */
  given: ConverterOptions;
  /** Name, version and arguments, as the ledger keeps them. */
  identity: ConverterIdentity;
  /** Why a file (its path relative to the watch folder) is not this converter's; `undefined` when it is. */
  refuses: (path: string) => string | undefined;
  /** How many folders below the watch folder its files may lie; infinite without a limit. */
  maxDepth: number;
  /** When a file that rests is whole; `undefined` when it always is. */
  readiness: ReadinessRules | undefined;
  sentinel: string | undefined;
  /** When it pulls, where it does that and the options say. */
  schedule: Schedule | undefined;
  /** The candidate that runs beside it. */
  shadow: Shadow | undefined;
}

/** Where a list of problems of one converter goes, and what its options are completed with. */
export interface EntryContext {
  /** The converter's place, such as `converters[2]`. */
  path: string;
  /** Each problem is added to it. */
  problems: ConfigProblem[];
  /** The pool's folder for its own data. */
  dataDir: string;
}

/** Completes the options of one converter. */
export function toEntry(
  given: ConverterOptions,
  { path, problems, dataDir }: EntryContext,
): ConverterEntry | undefined {
  const before = problems.length;
  checkOptions(given, path, problems);
  if (problems.length > before) return undefined;
  const options = withStandIn(given);
  const { converter } = options;
  const isPulled = converter instanceof ScheduledConverter;
  const watchFolder = resolve(options.watchFolder ?? spoolFolder(dataDir, converter.name));
  const beside = (name: string): string => join(dirname(watchFolder), name);
  const unit = unitOf(options);
  const args = { ...options.converter.arguments, ...options.arguments };
  return {
    ...DEFAULTS,
    ...(isPulled ? PULLED_DEFAULTS : {}),
    priority: options.converter.priority,
    ...withoutUndefined(options),
    given: options,
    watchFolder,
    doneFolder: resolve(options.doneFolder ?? beside('Done')),
    errorFolder: resolve(options.errorFolder ?? beside('Error')),
    pendingFolder: resolve(options.pendingFolder ?? beside('Pending')),
    arguments: args,
    identity: { name: options.converter.name, version: options.converter.version, parameters: checksum(args) },
    unit,
    refuses: refusal(options, unit),
    maxDepth: options.recursive || unit.deep ? (options.maxDepth ?? Number.POSITIVE_INFINITY) : 0,
    readiness: readinessRules(options),
    sentinel: options.sentinel,
    schedule: options.schedule,
    shadow: resolveShadow(options),
  };
}

const DEFAULTS = {
  ...DISCOVERY_DEFAULTS,
  ...ARCHIVING_DEFAULTS,
  postProcess: 'move',
  alarmThreshold: 0.5,
  rejectThreshold: 0.2,
  maxRetries: 3,
  retryDelayMs: 60_000,
  timeoutMs: 300_000,
  isolation: 'none',
  duplicates: 'skip',
} as const;

/** Nobody but us writes where pulled items lie, and nobody looks there. */
const PULLED_DEFAULTS = { postProcess: 'delete', stabilityMs: 0, canaryIntervalMs: 0 } as const;

/** What numbers may be; also for configuration files. */
export const RANGES: Partial<Record<keyof ConverterOptions, readonly [min: number, max: number]>> = {
  priority: [1, 10],
  alarmThreshold: [0, 1],
  rejectThreshold: [0, 1],
  maxRetries: [0, 1_000],
  retryDelayMs: [0, 2 ** 31 - 1],
  timeoutMs: [1, 2 ** 31 - 1],
  workers: [1, 256],
  memoryLimitMb: [32, 2 ** 20],
  ...DISCOVERY_RANGES,
};

/** What words may be; also for configuration files. */
export const CHOICES: Partial<Record<keyof ConverterOptions, readonly unknown[]>> = {
  postProcess: ['delete', 'move', 'zip', 'keep', 'archive'],
  archivePolicy: ['required', 'best-effort'],
  isolation: ['none', 'worker', 'process'],
  duplicates: ['skip', 'deliver'],
};

function checkOptions(options: ConverterOptions, path: string, problems: ConfigProblem[]): void {
  const problem = (key: string, message: string): void => void problems.push({ path: `${path}.${key}`, message });
  const { converter, watchFolder } = options;
  problems.push(...unknownConverterOptions(options, path));
  checkArchiving(options, problem);
  for (const [key, message] of isolationProblems(options)) problem(key, message);
  if (converter instanceof ConverterBase && (typeof converter.name !== 'string' || converter.name === ''))
    problem('converter.name', 'must be a text that is not empty');
  const isPulled = converter instanceof ScheduledConverter;
  const isMissing = watchFolder === undefined && !isPulled;
  if (isMissing || (watchFolder !== undefined && (typeof watchFolder !== 'string' || watchFolder === '')))
    problem('watchFolder', 'must be the path of a folder');
  if (!isPulled && options.schedule !== undefined) problem('schedule', 'is for a ScheduledConverter');
  const wrong = isPulled && scheduleProblem(options.schedule ?? converter.schedule);
  if (wrong) problem('schedule', wrong);
  for (const [key, [min, max]] of Object.entries(RANGES)) {
    const value: unknown = options[key as keyof ConverterOptions];
    if (value !== undefined && !(typeof value === 'number' && value >= min && value <= max)) {
      problem(key, `must be a number from ${min} to ${max}, not ${String(value)}`);
    }
  }
  for (const [key, choices] of Object.entries(CHOICES)) {
    const value = options[key as keyof ConverterOptions];
    if (value !== undefined && !choices.includes(value))
      problem(key, `must be one of ${choices.join(', ')}, not ${String(value)}`);
  }
  checkDiscovery(options, problem);
  for (const message of companionProblems(options.companions)) problem('companions', message);
  if (options.companions !== undefined && (isPulled || converter instanceof FolderConverter))
    problem('companions', 'are for converters of files in a watch folder');
  problems.push(...shadowProblems(options, path));
  for (const key of ['doneFolder', 'errorFolder', 'pendingFolder'] as const) {
    const folder = options[key];
    if (folder !== undefined && typeof watchFolder === 'string' && resolve(folder) === resolve(watchFolder)) {
      problem(key, 'must not be the watch folder itself');
    }
  }
}

/** The kind of unit that a converter takes. */
function unitOf({ converter, companions }: MadeOptions): UnitKind {
  if (converter instanceof FolderConverter) return folderUnit(converter);
  if (converter instanceof ScheduledConverter) return pulledItem;
  return companions === undefined
    ? singleFile
    : companionSet(resolveCompanions(companions), converter.supportedExtensions);
}

function refusal(options: MadeOptions, unit: UnitKind): (path: string) => string | undefined {
  const { converter } = options;
  // How deep a folder lies, its own patterns say.
  const filter = fileFilter(unit.deep ? { ...options, recursive: true } : options);
  return file => {
    const path = unit.of(file);
    const why = filter(path) ?? unit.refuses(file);
    if (why !== undefined || unit.deep || converter.matchesFile(path)) return why;
    return `its name is none that '${converter.name}' converts (${converter.supportedExtensions.join(', ')})`;
  };
}

/** Of arguments or identities: the same for the same content. */
export function checksum(args: unknown): string {
  return createHash('sha256').update(stableJson(args)).digest('hex').slice(0, 16);
}

function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

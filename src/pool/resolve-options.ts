/** A pool's options, checked and complete. */
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { type Clock, systemClock } from '../clock.js';
import { ConfigError, type ConfigProblem } from '../errors.js';
import { type FileSystem, nodeFileSystem } from '../files/file-system.js';
import { comparable } from '../files/names.js';
import { type Logger, silentLogger } from '../observe/logger.js';
import { PendingQueue } from '../pending/index.js';
import { type ConverterEntry, toEntry } from './converter-entry.js';
import type { LedgerRetention, PoolOptions, StartupScanOptions } from './pool-options.js';

/** {@link PoolOptions} with every default filled in. */
export interface ResolvedPoolOptions extends Pick<PoolOptions, 'startWatch'> {
  dataDir: string;
  entries: readonly ConverterEntry[];
  pending: PendingQueue;
  concurrency: number;
  stationName: string;
  startupScan: Required<StartupScanOptions>;
  ledger: Required<LedgerRetention>;
  offlinePolicy: 'queue' | 'hold';
  minFreeBytes: number;
  probeIntervalMs: number;
  onLocked: 'fail' | 'wait';
  logger: Logger;
  clock: Clock;
  fs: FileSystem;
}

const KNOWN: ReadonlySet<string> = new Set<keyof PoolOptions>([
  'dataDir',
  'converters',
  'pending',
  'submitter',
  'concurrency',
  'stationName',
  'startupScan',
  'ledger',
  'offlinePolicy',
  'minFreeBytes',
  'probeIntervalMs',
  'onLocked',
  'logger',
  'clock',
  'fs',
  'startWatch',
]);
const MAX_CONCURRENCY = 50;

/** @throws ConfigError naming every problem at once. */
export function resolveOptions(options: PoolOptions): ResolvedPoolOptions {
  const problems: ConfigProblem[] = [];
  const problem = (path: string, message: string): void => void problems.push({ path, message });
  for (const key of Object.keys(options)) if (!KNOWN.has(key)) problem(key, 'is not an option of the pool');
  if (typeof options.dataDir !== 'string' || options.dataDir === '') problem('dataDir', 'must be the path of a folder');
  if (!options.pending === !options.submitter) problem('pending', 'give either a pending queue or a submitter');
  const { concurrency = 10 } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1)
    problem('concurrency', `must be a whole number from 1 to ${MAX_CONCURRENCY}`);
  if (!Array.isArray(options.converters) || options.converters.length === 0)
    problem('converters', 'must have at least one converter');
  const entries = (options.converters ?? []).flatMap(
    (one, index) => toEntry(one, `converters[${index}]`, problems) ?? [],
  );
  checkNames(entries, problem);
  if (problems.length > 0) throw new ConfigError(problems);
  const dataDir = resolve(options.dataDir);
  const shared = {
    logger: options.logger ?? silentLogger,
    clock: options.clock ?? systemClock,
    fs: options.fs ?? nodeFileSystem,
  };
  const pending =
    options.pending ??
    new PendingQueue({
      directory: join(dataDir, 'pending'),
      submitter: options.submitter as NonNullable<PoolOptions['submitter']>,
      ...shared,
    });
  return {
    ...shared,
    dataDir,
    entries,
    pending,
    concurrency: Math.min(concurrency, MAX_CONCURRENCY),
    stationName: options.stationName ?? hostname(),
    startupScan: { enabled: true, timeoutMs: 30_000, maxFiles: 0, ...options.startupScan },
    ledger: { keepDays: 365, maxRows: 1_000_000, ...options.ledger },
    offlinePolicy: options.offlinePolicy ?? pending.offlinePolicy,
    minFreeBytes: options.minFreeBytes ?? 100 * 1024 * 1024,
    probeIntervalMs: options.probeIntervalMs ?? 5_000,
    onLocked: options.onLocked ?? 'fail',
    ...(options.startWatch ? { startWatch: options.startWatch } : {}),
  };
}

function checkNames(entries: readonly ConverterEntry[], problem: (path: string, message: string) => void): void {
  const names = new Set<string>();
  const watched = new Set(entries.map(entry => comparable(entry.watchFolder)));
  for (const [index, entry] of entries.entries()) {
    const { name } = entry.converter;
    if (names.has(name))
      problem(`converters[${index}].converter.name`, `'${name}' is the name of another converter of this pool`);
    names.add(name);
    for (const key of ['doneFolder', 'errorFolder', 'pendingFolder'] as const) {
      if (watched.has(comparable(entry[key]))) problem(`converters[${index}].${key}`, `${entry[key]} is watched`);
    }
  }
}

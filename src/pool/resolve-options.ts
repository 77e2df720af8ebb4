/** A pool's options, checked and complete. */
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { type Clock, systemClock } from '../clock.js';
import { ConfigError, type ConfigProblem } from '../errors.js';
import { type FileSystem, nodeFileSystem } from '../files/file-system.js';
import { comparable } from '../files/names.js';
import { type HostLogger, hostLogger } from '../observe/host-logger.js';
import { KnownSecrets } from '../observe/secrets.js';
import { PendingQueue } from '../pending/index.js';
import { archivesMissing } from './archive-options.js';
import { type ConverterEntry, toEntry } from './converter-entry.js';
import { type HealthOptions, resolveHealthOptions } from './health-options.js';
import { unknownPoolOptions } from './known-options.js';
import type { ConverterOptions, LedgerRetention, PoolOptions, StartupScanOptions } from './pool-options.js';

/** {@link PoolOptions} with every default filled in. */
export interface ResolvedPoolOptions extends Pick<PoolOptions, 'startWatch' | 'archive' | 'retention'> {
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
  slowOperationMs: number;
  onLocked: 'fail' | 'wait';
  health: Required<HealthOptions>;
  secrets: KnownSecrets;
  logger: HostLogger;
  clock: Clock;
  fs: FileSystem;
}

const MAX_CONCURRENCY = 50;

/** @throws ConfigError naming every problem at once. */
export function resolveOptions(options: PoolOptions): ResolvedPoolOptions {
  const problems: ConfigProblem[] = [];
  const problem = (path: string, message: string): void => void problems.push({ path, message });
  problems.push(...unknownPoolOptions(options));
  if (typeof options.dataDir !== 'string' || options.dataDir === '') problem('dataDir', 'must be the path of a folder');
  if (!options.pending === !options.submitter) problem('pending', 'give either a pending queue or a submitter');
  const { concurrency = 10 } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1)
    problem('concurrency', `must be a whole number from 1 to ${MAX_CONCURRENCY}`);
  if (!Array.isArray(options.converters) || options.converters.length === 0)
    problem('converters', 'must have at least one converter');
  const dataDir = resolve(String(options.dataDir));
  const entries = toEntries(options.converters ?? [], problems, dataDir);
  const health = resolveHealthOptions(options.health, Math.max(0, ...entries.map(entry => entry.timeoutMs)), problems);
  problems.push(...archivesMissing(entries, options.archive));
  if (problems.length > 0) throw new ConfigError(problems);
  const shared = { clock: options.clock ?? systemClock, fs: options.fs ?? nodeFileSystem };
  const pending =
    options.pending ??
    new PendingQueue({
      directory: join(dataDir, 'pending'),
      submitter: options.submitter as NonNullable<PoolOptions['submitter']>,
      ...shared,
    });
  const secrets = new KnownSecrets(text => pending.hideSecrets(text));
  secrets.learn(entries.map(entry => entry.arguments));
  const logger = hostLogger(options.logger, shared.clock, secrets.hide);
  pending.logTo(logger);
  return {
    ...shared,
    health,
    secrets,
    logger,
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
    slowOperationMs: options.slowOperationMs ?? 10_000,
    onLocked: options.onLocked ?? 'fail',
    ...(options.startWatch ? { startWatch: options.startWatch } : {}),
    ...(options.archive ? { archive: options.archive } : {}),
    ...(options.retention ? { retention: options.retention } : {}),
  };
}

/**
 * The converters alone, for a pool that has its other options already.
 * @param added Checked against those before it; its problems are named without a path of a list.
 * @throws ConfigError naming every problem at once.
 */
export function resolveEntries(
  converters: readonly ConverterOptions[],
  dataDir: string,
  added?: ConverterOptions,
): readonly ConverterEntry[] {
  const problems: ConfigProblem[] = [];
  if (!Array.isArray(converters)) throw new ConfigError([{ path: 'converters', message: 'must be a list' }]);
  const entries = toEntries(added ? [...converters, added] : converters, problems, dataDir);
  const prefix = `converters[${converters.length}].`;
  if (problems.length > 0) throw new ConfigError(problems.map(one => ({ ...one, path: one.path.replace(prefix, '') })));
  return entries;
}

function toEntries(
  converters: readonly ConverterOptions[],
  problems: ConfigProblem[],
  dataDir: string,
): ConverterEntry[] {
  const entries = new Map<string, ConverterEntry>();
  for (const [index, one] of converters.entries()) {
    const path = `converters[${index}]`;
    const entry = toEntry(one, { path, problems, dataDir });
    if (entry) entries.set(path, entry);
  }
  checkNames(entries, (path, message) => void problems.push({ path, message }));
  return [...entries.values()];
}

function checkNames(
  entries: ReadonlyMap<string, ConverterEntry>,
  problem: (path: string, message: string) => void,
): void {
  const names = new Set<string>();
  const watched = new Set([...entries.values()].map(entry => comparable(entry.watchFolder)));
  for (const [at, entry] of entries) {
    const { name } = entry.converter;
    if (names.has(name)) problem(`${at}.converter.name`, `'${name}' is the name of another converter of this pool`);
    names.add(name);
    for (const key of ['doneFolder', 'errorFolder', 'pendingFolder'] as const) {
      if (watched.has(comparable(entry[key]))) problem(`${at}.${key}`, `${entry[key]} is watched`);
    }
  }
}

/** Options that do not exist: a misspelt one would else be left out in silence where no compiler looks. */
import type { ConfigProblem } from '../errors.js';
import { nearest } from '../nearest.js';
import type { ConverterOptions, PoolOptions } from './pool-options.js';

/** Every option of a pool. One that is missing here does not compile. */
const POOL: Record<keyof PoolOptions, true> = {
  dataDir: true,
  converters: true,
  pending: true,
  submitter: true,
  archive: true,
  retention: true,
  concurrency: true,
  stationName: true,
  startupScan: true,
  ledger: true,
  offlinePolicy: true,
  minFreeBytes: true,
  probeIntervalMs: true,
  slowOperationMs: true,
  onLocked: true,
  health: true,
  logger: true,
  clock: true,
  fs: true,
  startWatch: true,
};

/** Every option of a converter. */
const CONVERTER: Record<keyof ConverterOptions, true> = {
  recursive: true,
  minDepth: true,
  maxDepth: true,
  include: true,
  exclude: true,
  stabilityMs: true,
  minAgeMs: true,
  doneFile: true,
  minSizeBytes: true,
  tooSmall: true,
  exclusiveOpen: true,
  readyWhen: true,
  readyTimeoutMs: true,
  rescanIntervalMs: true,
  usePolling: true,
  canaryIntervalMs: true,
  canaryTimeoutMs: true,
  sentinel: true,
  companions: true,
  archive: true,
  archiveFolder: true,
  archiveSourceFiles: true,
  archiveOutputReports: true,
  compressionLevel: true,
  archivePolicy: true,
  shadow: true,
  isolation: true,
  workers: true,
  memoryLimitMb: true,
  converter: true,
  watchFolder: true,
  schedule: true,
  doneFolder: true,
  errorFolder: true,
  pendingFolder: true,
  postProcess: true,
  priority: true,
  arguments: true,
  alarmThreshold: true,
  rejectThreshold: true,
  maxRetries: true,
  retryDelayMs: true,
  timeoutMs: true,
  duplicates: true,
};

/** Names what is no option of a pool. */
export function unknownPoolOptions(options: object): ConfigProblem[] {
  return unknown(options, POOL, '', 'the pool');
}

/** Names what is no option of a converter. @param path The converter's place, such as `converters[2]`. */
export function unknownConverterOptions(options: object, path: string): ConfigProblem[] {
  return unknown(options, CONVERTER, `${path}.`, 'a converter');
}

function unknown(options: object, known: object, prefix: string, owner: string): ConfigProblem[] {
  return Object.entries(options).flatMap(([key, value]) => {
    if (value === undefined || Object.hasOwn(known, key)) return [];
    const meant = nearest(key, Object.keys(known));
    const problem = { path: prefix + key, message: `is not an option of ${owner}` };
    return [meant === undefined ? problem : { ...problem, hint: `Did you mean '${meant}'?` }];
  });
}

/**
 * What may stand in a configuration file: the sections around the converters. Checks, the JSON Schema and the reference in
 * the guide are all made from these tables.
 *
 * **A new option of `PoolOptions`, `PendingQueueOptions`, … is added here**, in the table of its section; the compiler asks
 * for it (`complete…`, at the end), unless it is in the list of what only a program can give. Then run
 * `npm run config-reference`.
 */
import type { PendingQueueOptions } from '../pending/index.js';
import type { HealthOptions } from '../pool/health-options.js';
import type { LedgerRetention, PoolOptions, StartupScanOptions } from '../pool/pool-options.js';
import type { HttpSubmitterOptions, WatsSubmitterOptions } from '../submit/index.js';
import { ARCHIVE, RETENTION } from './archive-fields.js';
import { CONVERTER_DEFAULT_FIELDS, CONVERTER_FIELDS } from './converter-fields.js';
import { choice, type Field, flag, folder, number, type Section, section, sections, text, texts } from './fields.js';

/** Options that only a program can give: objects, and seams for tests. */
type NotInAFile = 'logger' | 'clock' | 'fs' | 'startWatch' | 'random';
type InAFile<Options> = Record<Exclude<keyof Options, NotInAFile>, Field>;

/** Longest delay that a timer takes, in ms. */
const LONGEST_MS = 2 ** 31 - 1;
const MS = [0, LONGEST_MS] as const;
const MS_ABOVE_0 = [1, LONGEST_MS] as const;

const startupScan = {
  enabled: flag('When false, files that are already there are found by the first rescan.', { default: 'true' }),
  timeoutMs: number('Work begins after this at the latest, in ms; the scan goes on.', MS_ABOVE_0, {
    default: '30000',
    also: { timeout: 1000 },
  }),
  maxFiles: number('Work begins when so many are queued; 0 is without limit.', [0], { default: '0', integer: true }),
} satisfies InAFile<StartupScanOptions>;

/** The startup scan, under the names of older files. */
const legacyConverter: Section = {
  enabled: { ...startupScan.enabled, also: { enableStartupScan: 1 } },
  timeoutMs: { ...startupScan.timeoutMs, also: { startupScanTimeout: 1000, startupScanTimeoutMs: 1 } },
  maxFiles: { ...startupScan.maxFiles, also: { startupScanMaxFiles: 1 } },
};

const ledger = {
  keepDays: number('Finished files are forgotten after so many days.', [0], { default: '365' }),
  maxRows: number('And when there are more than so many.', [1], { default: '1000000', integer: true }),
} satisfies InAFile<LedgerRetention>;

const health = {
  backlog: number('Files and reports that wait.', [0], { default: '1000' }),
  errorRate: number('Share of files that failed, 0 to 1.', [0], { default: '0.25' }),
  apiLatencyMs: number('Mean time of a request, in ms.', [0], { default: '5000' }),
  oldestUndeliveredMs: number('Age of the oldest file or report that is not delivered, in ms.', [0], {
    default: '3600000',
  }),
  stalledMs: number('How long nothing may move while work waits, in ms.', [0], { default: '600000' }),
  clockSkewMs: number("How far the station's clock may be from the server's, in ms.", [0], { default: '60000' }),
} satisfies InAFile<HealthOptions>;

const submitter = {
  type: choice('`http` posts JSON to `url`; `wats` posts WSJF to a WATS server at `baseUrl`.', ['http', 'wats'], {
    default: '`wats` where a `baseUrl` is given, `http` else',
  }),
  url: text('`http`: where reports are posted.'),
  headers: texts('`http`: sent with every request.', { default: 'none' }),
  probeUrl: text('`http`: asked with GET whether the server is back.', { default: 'HEAD of `url`' }),
  baseUrl: text("`wats`: the server's address.", { also: { serviceAddress: 1 } }),
  token: text('`wats`: the token as WATS shows it. Better from the environment.'),
  timeoutMs: number('How long a request may take, in ms.', MS_ABOVE_0, {
    default: '30000',
    also: { timeoutSeconds: 1000 },
  }),
  gzip: flag('Compress request bodies.', { default: 'false' }),
} satisfies InAFile<HttpSubmitterOptions & WatsSubmitterOptions & { type: string }>;

const retry = {
  baseDelayMs: number('The longest wait after the first failure, in ms; it doubles each time.', MS, {
    default: '1000',
  }),
  maxDelayMs: number('The longest wait after any failure, in ms.', MS, { default: '300000' }),
  budgetPerMinute: number('How many retries of all reports together may start in a minute.', [1], { default: '300' }),
} satisfies InAFile<NonNullable<PendingQueueOptions['retry']>>;

const breaker = {
  failureThreshold: number('How many transient failures in a row open the breaker.', [1], {
    default: '5',
    integer: true,
  }),
  resetTimeoutMs: number('How long an open breaker waits before a probe, in ms.', MS, { default: '60000' }),
} satisfies InAFile<NonNullable<PendingQueueOptions['breaker']>>;

const pending = {
  directory: folder('The folder of the queue.', { default: '`pending` in the `dataDir`', also: { pendingPath: 1 } }),
  concurrency: number('How many reports are sent at the same time.', [1], {
    default: '5',
    integer: true,
    also: { maxConcurrent: 1 },
  }),
  maxSize: number('How many reports may wait.', [1], { default: '1000000', integer: true, also: { maxQueueSize: 1 } }),
  maxBytes: number('How many bytes may wait.', [1], { default: 'no limit but the disk' }),
  minFreeBytes: number('How much must stay free on the disk, in bytes.', [0], { default: '104857600 (100 MiB)' }),
  minFreePercent: number('How much must stay free on the disk, in percent.', [0, 100], { default: '0' }),
  reserveBytes: number('Size of the file that is given up when the disk is full, in bytes; 0 for none.', [0], {
    default: '1048576 (1 MiB)',
  }),
  maxAttempts: number('After how many failed attempts a report goes to `.error`.', [1], {
    default: 'never',
    integer: true,
  }),
  probeIntervalMs: number('How often a folder or a server that refuses us is asked again, in ms.', MS_ABOVE_0, {
    default: '30000',
  }),
  rescanIntervalMs: number('How often the folder is searched for reports that somebody put there, in ms.', MS_ABOVE_0, {
    default: '30000',
  }),
  drain: choice('The order within a priority.', ['oldest-first', 'newest-first'], { default: 'oldest-first' }),
  offlinePolicy: choice('Read by the pool, see its own option.', ['queue', 'hold'], { default: 'queue' }),
  keepCompleted: flag('Keep delivered reports as `.completed`.', { default: 'false' }),
  dedupe: flag('The same content waits once.', { default: 'true' }),
  retry: section('How failed attempts are repeated.', retry),
  breaker: section('When sending stops because the server is in trouble.', breaker),
} satisfies InAFile<Omit<PendingQueueOptions, 'submitter'>>;

const pool = {
  dataDir: folder('The folder of the ledger, private to one pool.', { default: '`state` in the folder of the file' }),
  converters: sections('The converters. Files go to the first that takes them.', CONVERTER_FIELDS, { default: '[]' }),
  concurrency: number('How many files are worked on at once, 1 to 50.', [1], {
    default: '10',
    integer: true,
    also: { maxWorkers: 1 },
  }),
  stationName: text("The station's name, for converters.", { default: 'the host name' }),
  startupScan: section('The scan of what is already there at the start.', startupScan),
  ledger: section('How long the ledger remembers what is done.', ledger),
  submitter: section('Where reports go. Without it the program gives one.', submitter),
  pending: section('The queue that delivers the reports.', pending),
  offlinePolicy: choice('While only the server is away: go on converting, or wait.', ['queue', 'hold'], {
    default: "the queue's own",
  }),
  minFreeBytes: number('Intake pauses while the disk of `dataDir` has less, in bytes; 0 switches it off.', [0], {
    default: '104857600 (100 MiB)',
  }),
  probeIntervalMs: number('How often a folder that was away is looked for, in ms.', MS_ABOVE_0, { default: '5000' }),
  slowOperationMs: number('A file operation that takes longer is told of, in ms; 0 switches that off.', [0], {
    default: '10000',
  }),
  onLocked: choice('When another pool owns `dataDir`: fail at once, or wait as a hot standby.', ['fail', 'wait'], {
    default: 'fail',
  }),
  archive: ARCHIVE,
  retention: RETENTION,
  health: section('From where on the health of the pool is not good.', health),
} satisfies InAFile<PoolOptions>;

/** The whole file. */
export const FILE_FIELDS: Section = {
  $schema: text('For editors. It is not read.'),
  ...pool,
  converterBasePath: folder(
    'Converters without a watch folder get `{name}/watch` below it, with `Done`, `Error` and `Pending` beside.',
  ),
  defaults: section('Options for all converters; each can have its own.', CONVERTER_DEFAULT_FIELDS),
  converter: section('The startup scan, under the names of older files: `enable_startup_scan`, …', legacyConverter),
};

/**
 * What may stand in a configuration file about one converter. Checks, the JSON Schema and the reference in the guide are
 * all made from this table.
 *
 * **A new option of `ConverterOptions` is added here**: under its own name, with a line about it and its default. The
 * compiler asks for it (`complete`, at the end), unless it is in {@link NotInAFile}. Ranges and choices come from where
 * they are checked for hosts that write their options in code. Then run `npm run config-reference`.
 */

import type { ConverterArchiving } from '../pool/archive-options.js';
import type { CompanionOptions } from '../pool/companion-options.js';
import { CHOICES, RANGES } from '../pool/converter-entry.js';
import type { ConverterOptions } from '../pool/pool-options.js';
import type { ShadowOptions } from '../pool/shadow-options.js';
import { LIMITS } from './archive-fields.js';
import { anything, choice, type Field, flag, folder, list, number, type Section, section, text } from './fields.js';

/** Options that only a program can give. */
type NotInAFile = 'converter' | 'readyWhen';

type Range = readonly [number, number];
const range = (key: keyof ConverterOptions): Range => RANGES[key] as Range;
const words = (key: keyof ConverterOptions): readonly string[] => CHOICES[key] as readonly string[];

const companions = {
  required: list('Without these the file is not complete.', { default: 'none' }),
  optional: list('These are taken along where they are there in time.', { default: 'none' }),
  waitMs: number('How long a file waits for those that are missing, in ms.', [0, 2 ** 31 - 1], { default: '60000' }),
  late: choice('What happens when a required one has not come by then.', ['wait', 'fail', 'convert'], {
    default: 'wait',
  }),
} satisfies Record<keyof CompanionOptions, Field>;

const schedule = {
  everyMs: number('From the start of one run to that of the next, in ms.', [10, 2 ** 31 - 1]),
  cron: text('A cron pattern of five fields, or six with seconds first, or a nickname such as `@hourly`.'),
  timeZone: text('The time zone of `cron`, such as `Europe/Oslo`.', { default: "the machine's" }),
} satisfies Section;

const shadow = {
  modulePath: text('The ES module of the candidate, as that of the converter.', { also: { module: 1 } }),
  className: text('Its export, as that of the converter.', {
    default: '`default`, or the only converter that the module exports',
    also: { export: 1 },
  }),
  arguments: anything('What the candidate is made with.', {
    default: "the converter's",
    also: { settings: 1, parameters: 1 },
  }),
  timeoutMs: number('How long one of its conversions may take, in ms.', range('timeoutMs'), {
    default: "the converter's",
    also: { timeoutSeconds: 1000 },
  }),
  tolerance: number('Numbers are the same when they differ by no more than this share of the larger one.', [0], {
    default: '1e-9',
  }),
  ignore: list('Paths in a report that do not matter, such as `start`, `**.id` or `root.steps[*].totTime`.', {
    default: 'none',
  }),
} satisfies Record<Exclude<keyof ShadowOptions, 'converter'> | 'modulePath' | 'className' | 'arguments', Field>;

const archiving = {
  archive: flag('Whether sources and reports are archived, where there is an archive for them.', {
    default: 'true; false where only other converters speak of an archive',
    also: { archiveEnabled: 1 },
  }),
  archiveFolder: folder("An archive of its own. It is the pool's where all that are archived name the same."),
  archiveSourceFiles: flag('Archive the sources; without them the reports are not archived either.', {
    default: 'true',
  }),
  archiveOutputReports: flag('Archive the reports.', { default: 'true' }),
  compressionLevel: number('gzip level, 1 (fast) to 9 (small).', [1, 9], { default: "the archive's", integer: true }),
  archivePolicy: choice(
    'While the archive cannot be written: files wait, or go on without it.',
    words('archivePolicy'),
    {
      default: 'best-effort',
    },
  ),
} satisfies Record<keyof ConverterArchiving, Field>;

const options = {
  watchFolder: folder('The folder that is watched.', {
    default: '`{converterBasePath}/{name}/watch`, where a base path is given',
    also: { watchPath: 1 },
  }),
  doneFolder: folder('Where sources go with `move` and `zip`.', { default: '`Done` beside the watch folder' }),
  errorFolder: folder('Where failed sources go, each with a `.error` file.', {
    default: '`Error` beside the watch folder',
  }),
  pendingFolder: folder('Where suspended sources wait.', { default: '`Pending` beside the watch folder' }),
  postProcess: choice('What happens to a source once its reports are durable.', words('postProcess'), {
    default: 'move',
    also: { postProcessAction: 1, postAction: 1 },
  }),
  priority: number('From 1 to 10; 10 goes first.', range('priority'), { default: "the converter's own (5)" }),
  recursive: flag('Sub-folders, too.', { default: 'false', also: { watchRecursive: 1 } }),
  arguments: anything('What the converter is made with.', { default: '{}', also: { settings: 1, parameters: 1 } }),
  alarmThreshold: number('Confidence below which `lowConfidence` is told.', range('alarmThreshold'), {
    default: '0.5',
  }),
  rejectThreshold: number('Confidence below which a file is rejected.', range('rejectThreshold'), { default: '0.2' }),
  maxRetries: number('How often a file is tried again.', range('maxRetries'), { default: '3', integer: true }),
  retryDelayMs: number('How long a file waits to be tried again, in ms.', range('retryDelayMs'), {
    default: '60000',
    also: { retryDelaySeconds: 1000, retryDelay: 1000 },
  }),
  timeoutMs: number('How long one conversion may take, in ms.', range('timeoutMs'), {
    default: '300000',
    also: { timeoutSeconds: 1000 },
  }),
  isolation: choice('Where conversions run: here, in worker threads or in processes.', words('isolation'), {
    default: 'none',
  }),
  workers: number('How many workers the converter may have at once.', range('workers'), {
    default: 'as many as there are cores',
    integer: true,
  }),
  memoryLimitMb: number('A worker that needs more memory than this is ended, in MB.', range('memoryLimitMb'), {
    default: '512',
  }),
  minDepth: number('Only files at least so many folders below the watch folder.', range('minDepth'), {
    default: '0',
    integer: true,
  }),
  maxDepth: number('Only files at most so many folders below the watch folder.', range('maxDepth'), {
    default: 'no limit with `recursive`',
    integer: true,
  }),
  include: list('Globs on the path below the watch folder; only what matches one is taken.', {
    default: 'everything',
    also: { patterns: 1 },
  }),
  exclude: list('Globs of what is not taken; it wins over everything.', { default: 'nothing' }),
  stabilityMs: number('How long a file must rest before it is taken, in ms.', range('stabilityMs'), { default: '200' }),
  minAgeMs: number('Not before so long after it was first seen, in ms.', range('minAgeMs'), { default: '0' }),
  doneFile: text(
    'The file beside another one whose presence says that it is whole: `{name}.ready`, `{stem}.done`, a name.',
    {
      default: 'none',
    },
  ),
  minSizeBytes: number('A smaller file is not whole, in bytes.', range('minSizeBytes'), { default: '0' }),
  tooSmall: choice('What happens to a file that rests and is too small.', ['wait', 'skip', 'fail'], {
    default: 'wait',
  }),
  exclusiveOpen: flag('Wait while another program has the file open.', { default: 'true on Windows' }),
  readyTimeoutMs: number('A file that is not whole after so long is `waiting`, in ms.', range('readyTimeoutMs'), {
    default: '300000',
  }),
  rescanIntervalMs: number('How often the watch folder is listed anew, in ms.', range('rescanIntervalMs'), {
    default: '60000',
  }),
  usePolling: flag('Poll in place of native events: for SMB, NFS and Docker binds.', { default: 'false' }),
  canaryIntervalMs: number(
    'How often a hidden probe file is written to see whether its event comes, in ms; 0 for never.',
    range('canaryIntervalMs'),
    { default: '60000' },
  ),
  canaryTimeoutMs: number("How long the probe's event may take, in ms.", range('canaryTimeoutMs'), { default: '5000' }),
  sentinel: text('A file whose absence from the watch folder means that its volume is not mounted.', {
    default: 'none',
  }),
  companions: section(
    'Files that belong to a file of this converter and make one unit with it: `{stem}.png`. A list: all are required.',
    companions,
    { default: 'none', listAs: 'required' },
  ),
  schedule: section('When a converter that pulls does so: `everyMs` or `cron`.', schedule, {
    default: "the converter's own",
  }),
  shadow: section(
    'A candidate, mostly the next version, that converts each file once more. Nothing of it is sent: differences are told.',
    shadow,
    { default: 'none' },
  ),
  ...archiving,
  duplicates: choice('What happens to content that was delivered before.', words('duplicates'), { default: 'skip' }),
} satisfies Section;

/** Keys that are in a file alone: which converter it is, and whether it is used at all. */
const fileOnly = {
  name: text('The name in the pool, unique in it. Idempotency keys are made with it.', {
    default: "the converter's own",
    also: { converterName: 1 },
  }),
  modulePath: text(
    'The ES module: a path (with or without `.mjs` or `.js`, from the folder of the file), the same with dots for slashes, or a package such as `millrace/formats`.',
    { also: { module: 1 } },
  ),
  className: text('The export: a class that extends `ConverterBase`, or an instance of one.', {
    default: '`default`, or the only converter that the module exports',
    also: { export: 1 },
  }),
  enabled: flag('When false, the converter is left out.', { default: 'true' }),
  ...LIMITS,
} satisfies Section;

export const CONVERTER_FIELDS: Section = { ...fileOnly, ...options };

/** Under `defaults`: everything that several converters can have in common. */
export const CONVERTER_DEFAULT_FIELDS: Section = Object.fromEntries(
  Object.entries(CONVERTER_FIELDS).filter(([key]) => !['name', 'watchFolder', 'shadow'].includes(key)),
);

/** Does not compile while an option is missing above. */
const complete: Record<Exclude<keyof ConverterOptions, NotInAFile>, Field> = options;
void complete;

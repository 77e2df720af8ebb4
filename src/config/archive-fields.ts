/**
 * What may stand in a configuration file about the archive and its retention. See `pool-fields.ts` for how these tables are
 * extended.
 */
import type { ArchiveOptions, RetentionOptions, RetentionPolicy } from '../archive/index.js';
import { choice, type Field, flag, folder, number, section, sections, text } from './fields.js';

/** Options that only a program can give. */
type NotInAFile = 'archive' | 'logger' | 'clock' | 'fs';
type InAFile<Options> = Record<Exclude<keyof Options, NotInAFile>, Field>;

const ABOVE_0 = [0] as const;
const LEVEL = [1, 9] as const;

const archive = {
  directory: folder('The folder of the archive, private to one process.', {
    default: '`archive` in the `dataDir`',
    also: { archiveFolder: 1 },
  }),
  compressionLevel: number('gzip level, 1 (fast) to 9 (small).', LEVEL, { default: '6', integer: true }),
  deduplicate: flag('Store the same content once.', { default: 'true' }),
  onLocked: choice('When another process owns the folder: fail at once, or wait.', ['fail', 'wait'], {
    default: 'fail',
  }),
} satisfies InAFile<ArchiveOptions>;

/** The limits of one converter's archive. */
export const LIMITS = {
  retentionDays: number('Archived sources older than so many days are purged.', ABOVE_0, { default: '90' }),
  maxSizeGb: number('While the sources of a converter take more than so many GiB, the oldest are purged.', ABOVE_0, {
    default: '10',
    also: { maxArchiveSizeGb: 1 },
  }),
};

const policy = {
  converterName: text('The converter, or `*` for every one that has no policy of its own.'),
  ...LIMITS,
  minFreeBytes: number("While the archive's disk has fewer free bytes, the oldest are purged.", ABOVE_0, {
    default: '0 (off)',
  }),
  keepLast: number('So many of the newest stay, whatever the rules say.', ABOVE_0, { default: '0', integer: true }),
  compressionLevel: number('How hard new sources are compressed, 1 to 9.', LEVEL, { default: '6', integer: true }),
  enabled: flag('When false, nothing of the converter is purged.', { default: 'true' }),
  purgeEverything: flag('Must be true where a policy leaves nothing that is delivered.', { default: 'false' }),
} satisfies InAFile<RetentionPolicy>;

const clockGuard = {
  maxJumpMs: number('How far the clock may jump between two looks, in ms.', ABOVE_0, { default: '3600000' }),
  maxAbsenceMs: number('How long the process may be away before the clock is doubted, in ms.', ABOVE_0, {
    default: '1209600000 (14 days)',
  }),
  settleMs: number('After how long of steady running a jump is believed, in ms.', ABOVE_0, { default: '86400000' }),
} satisfies InAFile<NonNullable<RetentionOptions['clockGuard']>>;

const retention = {
  policies: sections('One for each converter, or `*`.', policy, { default: '90 days and 10 GiB for each converter' }),
  gracePeriodMs: number('How long the content of a purged entry stays for `undelete()`, in ms.', ABOVE_0, {
    default: '86400000 (24 hours)',
  }),
  maxPerSecond: number('How many entries are purged in a second, at most.', [1], { default: '5000' }),
  chunkSize: number('How many entries are looked at in one step.', [1], { default: '500', integer: true }),
  reserveBytes: number('Size of the file that is given up when the disk is full, in bytes; 0 for none.', ABOVE_0, {
    default: '1048576 (1 MiB)',
  }),
  clockGuard: section("When the station's clock is doubted.", clockGuard),
} satisfies InAFile<RetentionOptions>;

export const ARCHIVE = section(
  'Where originals and reports are kept. Without it nothing is, but for converters with an `archiveFolder`.',
  archive,
);
export const RETENTION = section(
  'What is purged from the archive, and when. Without it nothing is, but for converters with limits.',
  retention,
);

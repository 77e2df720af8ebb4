/** Converts a range of entries again and says what would be different: for a new version, before it goes live. */
import { toError } from '../../errors.js';
import { reportComparer } from '../../report/compare-reports.js';
import type { ArchiveEntry } from '../types.js';
import { prepare, type ReplayContext, replay, toolFor } from './replay-job.js';
import { endOf, filterOf, type RangeSource } from './replay-range.js';
import type { Tell } from './reprocessing-events.js';
import { DifferenceSum } from './summary.js';
import { MAX_NAMED, Speedometer } from './tally.js';
import type {
  EntryComparison,
  EntryDifference,
  ReplayCompareOptions,
  ReplayComparison,
  ReplayConverterOptions,
  ReplayedSource,
} from './types.js';
import { walkRange } from './walk-range.js';

/** The archived reports of an entry, in order. */
export type ArchivedReports = (entry: ArchiveEntry) => Promise<readonly unknown[]>;

/** What became of one entry. */
type Compared =
  | { archiveId: string; outcome: 'compared'; comparison: EntryComparison }
  | { archiveId: string; outcome: 'failed' | 'skipped'; message: string };

const MAX_ENTRIES = 1_000;

/** @throws ConverterConfigError, ConfigError before anything was started. */
export async function compareRange(
  context: ReplayContext,
  archive: RangeSource,
  archivedReports: ArchivedReports,
  options: ReplayCompareOptions,
  tell: Tell,
): Promise<ReplayComparison> {
  const { clock } = context;
  const { converterName, baseline, maxEntries = MAX_ENTRIES } = options;
  const compare = reportComparer(options);
  const to = await endOf(context, archive, options);
  const versions = () => archive.books.versions({ ...options, to });
  await prepare(context, converterName, options, versions);
  if (typeof baseline === 'object') await prepare(context, converterName, baseline, versions);

  const filter = filterOf(options, to);
  const speed = new Speedometer(() => clock.monotonic());
  const sum = new DifferenceSum();
  const counts = { processed: 0, successful: 0, failed: 0, skipped: 0 };
  const result: Omit<ReplayComparison, 'summary' | 'durationMs' | 'complete'> = {
    total: await archive.count(filter),
    compared: 0,
    identical: 0,
    different: 0,
    failed: 0,
    skipped: 0,
    errors: [],
    notCompared: [],
    entries: [],
  };
  const onDifference = (entry: EntryComparison): void => {
    tell('differed', { converterName, correlationId: entry.archiveId, ...entry });
    options.onDifference?.(entry);
  };
  const complete = await walkRange<Compared>({
    ...archive,
    filter,
    pace: options,
    cursor: undefined,
    each: (entry, signal) => compareEntry(context, archivedReports, compare, entry, options, signal),
    onDone: done => {
      counts.processed += 1;
      counts[done.outcome === 'compared' ? 'successful' : done.outcome] += 1;
      const progress = speed.progress(result.total, { ...counts, archiveId: done.archiveId });
      tell('progress', { converterName, ...progress });
      options.onProgress?.(progress);
    },
    onStep: async results => {
      for (const one of results) note(result, sum, one, maxEntries, onDifference);
    },
  });
  const { compared, different, identical } = result;
  await archive.books.record(converterName, { compare: true, compared, identical, different, complete });
  const comparison = { ...result, summary: sum.changes, durationMs: speed.elapsedMs, complete };
  tell('compared', { converterName, ...comparison });
  return comparison;
}

async function compareEntry(
  context: ReplayContext,
  archivedReports: ArchivedReports,
  compare: (before: unknown, after: unknown) => Omit<EntryDifference, 'report'>[],
  entry: ArchiveEntry,
  options: ReplayCompareOptions,
  signal: AbortSignal,
): Promise<Compared> {
  const { archiveId, serialNumber } = entry;
  const after = await replay(context, entry, toolFor(context, entry, options), {}, signal);
  if (after.status === 'purged') return { archiveId, outcome: 'skipped', message: after.reason ?? '' };
  let before: Ending | undefined;
  try {
    before = await baselineOf(context, archivedReports, entry, options, signal);
  } catch (thrown) {
    signal.throwIfAborted();
    return { archiveId, outcome: 'failed', message: `its baseline cannot be had: ${toError(thrown).message}` };
  }
  if (!before) return { archiveId, outcome: 'skipped', message: 'there is nothing to compare with' };
  const now = endingOf(after);
  // Both failed, or both skipped it: the one is as good as the other, whatever the words.
  if (before.outcome !== 'success' && before.outcome === now.outcome)
    return { archiveId, outcome: now.outcome === 'failed' ? 'failed' : 'skipped', message: now.words };
  const differences: EntryDifference[] = [];
  if (before.outcome !== now.outcome) {
    const about = { kind: 'changed', path: OUTCOME, commonPath: OUTCOME, concerns: 'status', report: 0 } as const;
    differences.push({ ...about, before: before.words, after: now.words });
  } else {
    for (let report = 0; report < Math.max(before.reports.length, now.reports.length); report++)
      for (const one of compare(before.reports[report], now.reports[report])) differences.push({ ...one, report });
  }
  return { archiveId, outcome: 'compared', comparison: { archiveId, serialNumber, differences } };
}

/** In place of a path, where one conversion ended otherwise than the other. */
const OUTCOME = '(outcome)';

/** How a conversion ended, as far as it is compared. */
interface Ending {
  outcome: 'success' | 'failed' | 'skipped';
  /** It, with the reason. */
  words: string;
  reports: readonly unknown[];
}

function endingOf({ status, reports, error, reason }: ReplayedSource): Ending {
  const outcome = status === 'purged' ? 'skipped' : status;
  const why = error?.message ?? reason;
  return { outcome, words: why === undefined ? outcome : `${outcome}: ${why}`, reports };
}

/** What an entry's new reports are compared with; nothing when there is nothing. */
async function baselineOf(
  context: ReplayContext,
  archivedReports: ArchivedReports,
  entry: ArchiveEntry,
  { baseline, useCurrentParameters = true }: ReplayCompareOptions,
  signal: AbortSignal,
): Promise<Ending | undefined> {
  const again = async (tool: ReplayConverterOptions): Promise<Ending> =>
    endingOf(await replay(context, entry, toolFor(context, entry, tool), {}, signal));
  // With the same arguments: only the version is to make the difference.
  if (typeof baseline === 'object') return again({ version: baseline.version, useCurrentParameters });
  const reports = await archivedReports(entry);
  if (reports.length > 0) return { outcome: 'success', words: 'success', reports };
  if (entry.status === 'failed') return { outcome: 'failed', words: `failed: ${entry.error ?? ''}`, reports };
  const { converterName, converterVersion: version } = entry;
  if (baseline === 'archived' || !context.shelf.find(converterName, version)) return undefined;
  // As it was the first time.
  return again({ version, useCurrentParameters: false });
}

function note(
  result: Omit<ReplayComparison, 'summary' | 'durationMs' | 'complete'>,
  sum: DifferenceSum,
  one: Compared,
  maxEntries: number,
  onDifference: (entry: EntryComparison) => void,
): void {
  if (one.outcome !== 'compared') {
    result[one.outcome] += 1;
    const list = one.outcome === 'failed' ? result.errors : result.notCompared;
    if (list.length < MAX_NAMED) list.push({ archiveId: one.archiveId, message: one.message });
    return;
  }
  const { comparison } = one;
  result.compared += 1;
  if (comparison.differences.length === 0) {
    result.identical += 1;
    return;
  }
  result.different += 1;
  sum.add(comparison);
  if (result.entries.length < maxEntries) result.entries.push(comparison);
  onDifference(comparison);
}

/** Converts a range of entries again, with its progress kept under a name where that is asked for. */
import { ConfigError } from '../../errors.js';
import type { ArchiveFilter } from '../types.js';
import type { ReplayBooks, ReplayRun } from './replay-books.js';
import { prepare, type ReplayContext, replay, toolFor } from './replay-job.js';
import { type Tell, tellReplayed } from './reprocessing-events.js';
import { count, newTally, Speedometer } from './tally.js';
import type { ReplayedSource, ReplayRange, ReplayRangeOptions, ReplayResult } from './types.js';
import { type Walk, walkRange } from './walk-range.js';

/** What the archive answers. */
export type RangeSource = Pick<Walk<never>, 'query' | 'live'> & {
  count(filter: ArchiveFilter): Promise<number>;
  books: ReplayBooks;
};

/** Which entries, as the archive is asked for them: purged ones, too, so that they can be named. */
export function filterOf({ converterName, from, serialNumber }: ReplayRange, to: Date): ArchiveFilter {
  return {
    converterName,
    to,
    includePurged: true,
    ...(from === undefined ? {} : { from }),
    ...(serialNumber === undefined ? {} : { serialNumber }),
  };
}

/** The end of a range: as it is asked for, or right after the newest entry, so that what comes meanwhile is not in it. */
export async function endOf(
  context: ReplayContext,
  archive: RangeSource,
  { converterName, to }: ReplayRange,
): Promise<Date> {
  if (to) return to;
  const { entries } = await archive.query({ converterName, includePurged: true, limit: 1 });
  return new Date((entries[0]?.timestamp.getTime() ?? context.clock.now()) + 1);
}

/** @throws ConverterConfigError, ConfigError before anything was started. */
export async function replayRange(
  context: ReplayContext,
  archive: RangeSource,
  options: ReplayRangeOptions,
  tell: Tell,
): Promise<ReplayResult> {
  const { clock } = context;
  const { converterName, submit = false, reason } = options;
  const speed = new Speedometer(() => clock.monotonic());
  const run = await begin(context, archive, options);
  const filter = filterOf(options, new Date(run.to));
  const before = run.tally.durationMs;
  const { total, processed } = run.tally;
  tell('started', { converterName, total, processed, submit });
  const live = { ...run.tally, errors: [], notConverted: [], purged: [] };
  const complete =
    run.complete ||
    (await walkRange<ReplayedSource>({
      ...archive,
      filter,
      pace: options,
      cursor: run.cursor,
      each: (entry, signal) => replay(context, entry, toolFor(context, entry, options), options, signal),
      onDone: async done => {
        count(live, done);
        tellReplayed(tell, converterName, done);
        await options.onConverted?.(done);
        const { processed, successful, failed, skipped } = live;
        const progress = speed.progress(total, { archiveId: done.archiveId, processed, successful, failed, skipped });
        tell('progress', { converterName, ...progress });
        options.onProgress?.(progress);
      },
      onStep: async (results, cursor) => {
        for (const one of results) count(run.tally, one);
        run.tally.durationMs = before + speed.elapsedMs;
        run.cursor = cursor;
        run.complete = cursor === undefined;
        if (options.run !== undefined) await archive.books.keep(options.run, run);
        await recordSubmitted(archive.books, options, results);
      },
    }));
  const { tally, cursor } = run;
  const { successful, failed, skipped, submitted } = tally;
  const counts = { total, processed: tally.processed, successful, failed, skipped, submitted };
  await archive.books.record(converterName, {
    ...counts,
    complete,
    submit,
    ...(reason === undefined ? {} : { reason }),
  });
  const result = { ...tally, complete, cursor };
  tell('completed', { converterName, ...result });
  return result;
}

/** Everything that can be refused is refused here. */
async function begin(context: ReplayContext, archive: RangeSource, options: ReplayRangeOptions): Promise<ReplayRun> {
  const { converterName, run: name } = options;
  assertOutbox(context, options);
  const asked = describe(options);
  const known = name === undefined ? undefined : await archive.books.run(name);
  if (known && known.asked !== asked) {
    const message = `'${name}' was begun with other options: ${known.asked}`;
    throw new ConfigError([{ path: 'run', message }]);
  }
  const to = known?.to ?? (await endOf(context, archive, options)).getTime();
  const range = { ...options, to: new Date(to) };
  await prepare(context, converterName, options, () => archive.books.versions(range));
  if (known) return known;
  const total = await archive.count(filterOf(options, new Date(to)));
  const run = { asked, to, cursor: options.cursor, complete: false, tally: newTally(total) };
  if (name !== undefined) await archive.books.keep(name, run);
  return run;
}

/** @throws ConfigError when reports are to be sent and there is no queue to send them with. */
export function assertOutbox({ outbox }: ReplayContext, { submit }: { submit?: boolean }): void {
  if (!submit || outbox) return;
  throw new ConfigError([{ path: 'submit', message: 'needs a pending queue: give the engine one, as `pending`' }]);
}

/** What makes two calls the same replay. */
function describe(options: ReplayRangeOptions): string {
  const { converterName, from, to, serialNumber, useCurrentConverter, useCurrentParameters, version, submit, reason } =
    options;
  return JSON.stringify({
    converterName,
    from,
    to,
    serialNumber,
    useCurrentConverter,
    useCurrentParameters,
    version,
    submit,
    reason,
  });
}

/** Which reports were sent under which keys: the log shows for each entry what superseded it. */
async function recordSubmitted(
  books: ReplayBooks,
  options: ReplayRangeOptions,
  results: readonly ReplayedSource[],
): Promise<void> {
  const keys = Object.fromEntries(
    results.flatMap(one => (one.submitted.length > 0 ? [[one.archiveId, one.submitted]] : [])),
  );
  if (Object.keys(keys).length > 0)
    await books.record(options.converterName, { submitted: keys, reason: options.reason });
}

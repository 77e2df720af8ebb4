/** One source converted again: chosen converter, chosen arguments, the reports, and their way into the pending queue. */
import { type Clock, sleep, systemClock } from '../../clock.js';
import type { ConverterResult } from '../../converters/converter-result.js';
import { type AnyConverter, runConversion } from '../../converters/run-conversion.js';
import type { ConverterSource } from '../../converters/source.js';
import { MillraceError, toError } from '../../errors.js';
import type { Logger } from '../../observe/logger.js';
import type { ArchiveEntry } from '../types.js';
import type { ConverterShelf } from './converter-shelf.js';
import { type ReplayIdentity, replayId, replayKey, supersession } from './replay-key.js';
import type { ReplayConverterOptions, ReplayedSource, ReplaySingleOptions } from './types.js';

/** Where reports go; a `PendingQueue` fits. */
export interface ReplayOutbox {
  /** Takes a report, and has it durable when it resolves. */
  enqueue(
    report: unknown,
    options: { id: string; idempotencyKey: string; priority: number; metadata: Record<string, unknown> },
  ): Promise<unknown>;
  /** It is nearly full: replays wait. */
  readonly pressure: boolean;
}

/** An entry's content, for as long as it is converted: no purge takes it meanwhile. */
export interface OpenedSource {
  source: ConverterSource;
  release(): void;
}

/** What replays of an engine share. */
export interface ReplayContext {
  shelf: ConverterShelf;
  clock: Clock;
  logger: Logger;
  stationName: string;
  timeoutMs: number;
  rejectThreshold: number;
  /** Arguments over those of a converter, by its name, as the pool's configuration has them. */
  arguments: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  outbox: ReplayOutbox | undefined;
  /** @returns nothing when the content is gone. */
  open(entry: ArchiveEntry): Promise<OpenedSource | undefined>;
  /** Resolves when the converter may be used. */
  ready(converter: AnyConverter): Promise<void>;
}

/** Live work comes first: replayed reports have the lowest priority there is. */
const PRIORITY = 1;
/** How often a queue that is nearly full is looked at again, in ms. */
const PRESSURE_MS = 100;
const PURGED = 'its content is purged';

/** With what an entry is converted. */
export interface ReplayTool {
  converter: AnyConverter;
  parameters: Readonly<Record<string, unknown>>;
}

/** The converter and arguments for an entry. @throws ConverterConfigError when the version is not there. */
export function toolFor(context: ReplayContext, entry: ArchiveEntry, options: ReplayConverterOptions): ReplayTool {
  const { shelf } = context;
  const { converterName } = entry;
  const { useCurrentConverter = true, useCurrentParameters = true } = options;
  const version = options.version ?? (useCurrentConverter ? undefined : entry.converterVersion);
  if (version !== undefined) shelf.require(converterName, [{ version, entries: 1 }]);
  const converter =
    (version === undefined ? undefined : shelf.find(converterName, version)) ?? shelf.current(converterName);
  const current = { ...converter.arguments, ...context.arguments[converterName] };
  return { converter, parameters: useCurrentParameters ? current : entry.parameters };
}

/**
 * Makes ready what a range will be converted with.
 * @param versions Tells which versions its sources were converted with.
 * @throws ConverterConfigError when one is not there; whatever an `initialize()` throws.
 */
export async function prepare(
  context: ReplayContext,
  converterName: string,
  { version, useCurrentConverter = true }: ReplayConverterOptions,
  versions: () => Promise<{ version: string; entries: number }[]>,
): Promise<void> {
  const { shelf } = context;
  if (version === undefined && useCurrentConverter) return context.ready(shelf.current(converterName));
  const known = await versions();
  const entries = known.reduce((sum, one) => sum + one.entries, 0);
  const wanted = version === undefined ? known : [{ version, entries }];
  shelf.require(converterName, wanted);
  for (const one of wanted) {
    const converter = shelf.find(converterName, one.version);
    if (converter) await context.ready(converter);
  }
}

/**
 * Converts one entry, and sends its reports where that is asked for. What goes wrong is in the result.
 * @throws the signal's reason when it aborts; what the queue says when it cannot take a report at all.
 */
export async function replay(
  context: ReplayContext,
  entry: ArchiveEntry,
  tool: ReplayTool,
  options: Pick<ReplaySingleOptions, 'submit' | 'reason'>,
  signal: AbortSignal,
): Promise<ReplayedSource> {
  const startedAt = context.clock.monotonic();
  const { archiveId } = entry;
  const { version } = tool.converter;
  const done = (rest: Pick<ReplayedSource, 'status'> & Partial<ReplayedSource>): ReplayedSource => ({
    archiveId,
    version,
    reports: [],
    submitted: [],
    durationMs: context.clock.monotonic() - startedAt,
    ...rest,
  });
  if (entry.purgedAt !== null) return done({ status: 'purged', reason: PURGED });
  let result: ConverterResult;
  try {
    const opened = await context.open(entry);
    if (!opened) return done({ status: 'purged', reason: PURGED });
    try {
      result = await convert(context, entry, tool, opened.source, signal);
    } finally {
      opened.release();
    }
  } catch (thrown) {
    signal.throwIfAborted();
    return done({ status: 'failed', error: toError(thrown) });
  }
  if (result.status === 'failed')
    return done({
      status: 'failed',
      error: result.error ?? new MillraceError('CONVERTER_FAILED', 'It failed without an error'),
    });
  if (result.status !== 'success')
    return done({ status: 'skipped', reason: `${result.status}: ${result.reason ?? 'no reason was given'}` });
  const { reports } = result;
  if (!options.submit) return done({ status: 'success', reports });
  try {
    const identity = { version, parameters: tool.parameters, reason: options.reason ?? 'reprocessed' };
    return done({ status: 'success', reports, submitted: await submit(context, entry, reports, identity, signal) });
  } catch (thrown) {
    // Not JSON: the same each time, and this entry's own failure. Anything else is the queue's.
    if ((thrown as Partial<MillraceError>).code !== 'QUEUE_CORRUPTED') throw thrown;
    return done({ status: 'failed', error: toError(thrown) });
  }
}

async function convert(
  context: ReplayContext,
  entry: ArchiveEntry,
  { converter, parameters }: ReplayTool,
  source: ConverterSource,
  signal: AbortSignal,
): Promise<ConverterResult> {
  const { clock, logger, stationName, timeoutMs, rejectThreshold } = context;
  await context.ready(converter);
  const nowhere = { watch: '', done: '', error: '', pending: '' };
  const correlationId = entry.archiveId;
  const facts = { arguments: { ...parameters }, logger, attempt: 1, correlationId, stationName, folders: nowhere };
  return runConversion({ converter, source, facts, timeoutMs, rejectThreshold, clock, signal });
}

async function submit(
  context: ReplayContext,
  entry: ArchiveEntry,
  reports: readonly unknown[],
  identity: ReplayIdentity,
  signal: AbortSignal,
): Promise<string[]> {
  const { outbox } = context;
  const keys: string[] = [];
  for (const [position, report] of reports.entries()) {
    const about = supersession(entry, position, identity);
    const idempotencyKey = replayKey(about, identity);
    const options = { id: replayId(idempotencyKey), idempotencyKey, priority: PRIORITY, metadata: { ...about } };
    // A queue that is nearly full belongs to live work.
    while (outbox?.pressure && !signal.aborted) await sleep(systemClock, PRESSURE_MS, signal);
    signal.throwIfAborted();
    await outbox?.enqueue(report, options);
    keys.push(idempotencyKey);
  }
  return keys;
}

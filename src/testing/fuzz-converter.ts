/** Feeds a converter with broken files, which must never break the converter. */
import { AssertionError } from 'node:assert/strict';
import type { ConverterBase } from '../converters/converter-base.js';
import type { ConversionStatus } from '../converters/converter-result.js';
import { MemorySource } from '../converters/memory-source.js';
import type { AnyConverter } from '../converters/run-conversion.js';
import { MillraceError, systemCode } from '../errors.js';
import { type ConverterInput, toSource } from './converter-input.js';
import { HangWatch } from './hang-watch.js';
import { mutated } from './mutate.js';
import { convertOnce, type RunConverterOptions } from './run-converter.js';

/** Options of {@link fuzzConverter}. */
export interface FuzzOptions extends Omit<RunConverterOptions, 'timeoutMs' | 'lifecycle' | 'hooks'> {
  /** How many variants. Default 1,000. */
  runs?: number;
  /** The same seed gives the same variants. Default 1. */
  seed?: number;
  /** How long one conversion may take, in ms. Default 5,000. */
  timeLimitMs?: number;
  /**
   * How long one may hold up the event loop before the process is ended, in ms. Default 30,000: a machine under load must
   * not look like an endless loop.
   */
  hangLimitMs?: number;
  /** One variant alone, as a failure names it. */
  only?: number;
  /** Looks at the reports of each success, and throws when they are not what they should be. */
  check?: (reports: readonly unknown[]) => void;
}

/** What became of the variants. */
export interface FuzzSummary {
  runs: number;
  /** How many ended in each way. */
  outcomes: Record<ConversionStatus, number>;
  /** The slowest conversion, in ms. */
  slowestMs: number;
}

/**
 * Converts truncated and otherwise broken variants of sound files, and demands that the converter only ever returns or
 * throws an error of the {@link MillraceError} family, in time. A conversion that never lets go of the event loop ends the
 * process, with a message that names the variant: nothing else can end it.
 *
 * ```ts
 * await fuzzConverter(new LotConverter(), ['test/samples/lot.csv'], { runs: 10_000 });
 * ```
 * @throws AssertionError of Node that names seed and number of the variant, and shows it.
 */
export async function fuzzConverter(
  // biome-ignore lint/suspicious/noExplicitAny: a converter of any report and arguments.
  converter: ConverterBase<any, any>,
  samples: readonly ConverterInput[],
  options: FuzzOptions = {},
): Promise<FuzzSummary> {
  const { runs = 1000, seed = 1, hangLimitMs = 30_000, only } = options;
  const sources = await Promise.all(samples.map(sample => toSource(converter, sample, options)));
  const contents = await Promise.all(sources.map(source => source.bytes()));
  const { path = 'input', modifiedAt = new Date(0) } = sources[0] ?? {};
  const summary: FuzzSummary = {
    runs: 0,
    outcomes: { success: 0, failed: 0, suspended: 0, skipped: 0, rejected: 0 },
    slowestMs: 0,
  };
  await converter.initialize?.();
  const watch = await HangWatch.start(`fuzzConverter of '${converter.name}' with seed ${seed}`, hangLimitMs);
  try {
    for (let number = only ?? 0; number < (only === undefined ? runs : only + 1); number += 1) {
      watch.beat(number);
      const bytes = mutated(contents, seed, number);
      const problem = await tryOne(converter, new MemorySource({ bytes, path, modifiedAt }), options, summary);
      if (problem) throw failure(converter, problem, seed, number, bytes);
    }
  } finally {
    await watch.stop();
    await converter.dispose?.();
  }
  return summary;
}

interface Problem {
  message: string;
  cause?: unknown;
}

async function tryOne(
  converter: AnyConverter,
  source: MemorySource,
  options: FuzzOptions,
  summary: FuzzSummary,
): Promise<Problem | undefined> {
  const { timeLimitMs = 5000, check } = options;
  let untyped: Problem | undefined;
  const judge = (thrown: unknown): void => {
    if (!(thrown instanceof MillraceError)) untyped = { message: 'gave an error that is none of ours', cause: thrown };
  };
  const run = await convertOnce(converter, source, { ...options, timeoutMs: timeLimitMs }, judge);
  summary.runs += 1;
  summary.outcomes[run.status] += 1;
  summary.slowestMs = Math.max(summary.slowestMs, run.durationMs);
  if (run.error) judge(run.error);
  if (untyped) return untyped;
  // A timer may fire a moment early, so that the clock alone does not tell.
  const late = run.durationMs >= timeLimitMs || systemCode(run.error) === 'CONVERTER_TIMEOUT';
  if (late) return { message: `took longer than ${timeLimitMs} ms`, cause: run.error };
  try {
    if (run.status === 'success') check?.(run.reports);
  } catch (cause) {
    return { message: 'made a report that the check refuses', cause };
  }
  return undefined;
}

function failure(converter: AnyConverter, problem: Problem, seed: number, number: number, bytes: Buffer): Error {
  const shown = JSON.stringify(bytes.subarray(0, 500).toString('latin1'));
  const error = new AssertionError({
    message:
      `Converter '${converter.name}' ${problem.message} (${String(problem.cause)}) on variant ${number} of seed ${seed}: ` +
      `run it alone with { seed: ${seed}, only: ${number} }. It has ${bytes.length} bytes and begins with ${shown}`,
  });
  error.cause = problem.cause;
  return error;
}

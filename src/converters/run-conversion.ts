/** Runs one conversion on the main thread: whatever a converter returns, throws or forgets becomes a ConverterResult. */
import type { Clock } from '../clock.js';
import { ConverterError, ConverterTimeoutError, MillraceError, toError } from '../errors.js';
import type { ConverterBase, ConverterContext, ValidationResult } from './converter-base.js';
import { ConverterResult } from './converter-result.js';
import type { ConverterSource } from './source.js';
import { refusalOf, refused } from './verdict.js';

/** A converter of any report and arguments. */
// biome-ignore lint/suspicious/noExplicitAny: the pool handles converters of every kind; only `any` accepts them all.
export type AnyConverter = ConverterBase<any, any>;

/** What a context says of the file and the pool; the rest is made with it. */
export interface ContextFacts extends Omit<ConverterContext, 'signal' | 'suspend' | 'reject' | 'progress'> {
  /** Who is told how far a conversion is. Default: nobody. */
  progress?: ConverterContext['progress'];
}

/** The context of a conversion or hook. */
export function makeContext(facts: ContextFacts, signal: AbortSignal): ConverterContext {
  const { progress = () => undefined } = facts;
  return { ...facts, progress, signal, suspend: ConverterResult.suspended, reject: ConverterResult.rejected };
}

/** Everything that a conversion needs. */
export interface ConversionJob {
  converter: AnyConverter;
  source: ConverterSource;
  facts: ContextFacts;
  timeoutMs: number;
  /** Confidence below which the file is rejected, from 0 to 1. */
  rejectThreshold: number;
  /** `validate` was asked before, when the converter was chosen. Default false. */
  validated?: boolean;
  /** Is told what `validate` said. */
  onValidation?: (validation: ValidationResult) => void;
  clock: Clock;
  /** Aborts the conversion when the pool must stop. */
  signal: AbortSignal;
}

/**
 * Converts. Never rejects, but for {@link MillraceError} `POOL_STOPPING` and `SOURCE_CHANGED`, which say that the
 * conversion was void and not that it failed.
 */
export async function runConversion(job: ConversionJob): Promise<ConverterResult> {
  try {
    return await inTime(job, context => convert(job, context));
  } catch (thrown) {
    if (isVoid(thrown)) throw thrown;
    return ConverterResult.failed(asConverterError(job.converter, thrown));
  }
}

/**
 * Asks a converter about a source; one without `validate` is sure of every file that matches.
 * @throws MillraceError What `validate` threw, or that it took too long; `POOL_STOPPING` and `SOURCE_CHANGED` as
 * {@link runConversion}.
 */
export async function runValidation(job: ConversionJob): Promise<ValidationResult> {
  if (!job.converter.validate) return { canConvert: true };
  try {
    return await inTime(job, context => validate(job, context));
  } catch (thrown) {
    throw isVoid(thrown) ? thrown : asConverterError(job.converter, thrown);
  }
}

/** Whether it says that what ran was void, and not that it failed. */
export function isVoid(thrown: unknown): boolean {
  return ['POOL_STOPPING', 'SOURCE_CHANGED'].includes((thrown as Partial<MillraceError>)?.code ?? '');
}

/**
 * A converter that can run only so many conversions at once has a method of this name: it calls `work` when it is its turn,
 * so that nobody's time runs while he waits.
 */
export const inTurn = Symbol('inTurn');
interface TakesTurns {
  [inTurn]<T>(work: () => Promise<T>): Promise<T>;
}

function inTime<T>(job: ConversionJob, work: (context: ConverterContext) => Promise<T>): Promise<T> {
  const { converter } = job;
  const run = () => raceTime(job, work);
  return inTurn in converter ? (converter as unknown as TakesTurns)[inTurn](run) : run();
}

async function raceTime<T>(job: ConversionJob, work: (context: ConverterContext) => Promise<T>): Promise<T> {
  const { converter, clock, timeoutMs } = job;
  const abort = new AbortController();
  // Made only where they are needed: an error, with its stack, costs more than many a conversion.
  const stopping = () => new MillraceError('POOL_STOPPING', `The pool stopped while '${converter.name}' converted`);
  const late = () => new ConverterTimeoutError(`Converter '${converter.name}' took longer than ${timeoutMs} ms`);
  const onStop = () => abort.abort(stopping());
  const timer = clock.setTimeout(() => abort.abort(late()), timeoutMs);
  job.signal.addEventListener('abort', onStop, { once: true });
  try {
    if (job.signal.aborted) throw stopping();
    // A converter that ignores its signal must not hold the file for ever: the race ends it as far as we are concerned.
    return await Promise.race([work(makeContext(job.facts, abort.signal)), aborted(abort.signal)]);
  } finally {
    clock.clearTimeout(timer);
    job.signal.removeEventListener('abort', onStop);
  }
}

async function convert(job: ConversionJob, context: ConverterContext): Promise<ConverterResult> {
  const { converter, source } = job;
  if (converter.validate && !job.validated) {
    const validation = await validate(job, context);
    job.onValidation?.(validation);
    const refusal = refusalOf(validation, job.rejectThreshold);
    if (refusal) return refused(refusal);
  }
  return toResult(converter, await converter.convert(source, context));
}

async function validate({ converter, source }: ConversionJob, context: ConverterContext): Promise<ValidationResult> {
  const validation: unknown = await converter.validate?.(source, context);
  if (typeof validation === 'object' && validation !== null) return validation as ValidationResult;
  throw new ConverterError(
    `validate of '${converter.name}' returned ${String(validation)}, which is no ValidationResult`,
  );
}

export function toResult(converter: AnyConverter, returned: unknown): ConverterResult {
  if (returned instanceof ConverterResult) return returned;
  if (typeof returned !== 'object' || returned === null) {
    throw new ConverterError(`Converter '${converter.name}' returned ${String(returned)} where a report was expected`);
  }
  const reports: readonly unknown[] = Array.isArray(returned) ? returned : [returned];
  if (reports.length === 0) return ConverterResult.skipped('the converter found no report in it');
  const odd = reports.findIndex(report => typeof report !== 'object' || report === null);
  if (odd >= 0) {
    throw new ConverterError(
      `Converter '${converter.name}' returned ${String(reports[odd])} as report ${odd} of ${reports.length}`,
    );
  }
  return ConverterResult.success(reports);
}

function asConverterError(converter: AnyConverter, thrown: unknown): Error {
  if (thrown instanceof MillraceError) return thrown;
  const error = toError(thrown);
  const wrapped = new ConverterError(error.message || `Converter '${converter.name}' threw ${error.name}`, {
    cause: thrown,
  });
  // The stack that helps is the one of the converter's own code.
  if (error.stack) wrapped.stack = error.stack;
  return wrapped;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Runs a converter on a file or a text as the pool would, without a pool. */
import { resolve } from 'node:path';
import { systemClock } from '../clock.js';
import type { ConverterBase, ConverterFolders, ValidationResult } from '../converters/converter-base.js';
import type { ConversionStatus, ConverterResult, PostProcessAction } from '../converters/converter-result.js';
import { type AnyConverter, makeContext, runConversion } from '../converters/run-conversion.js';
import type { ConverterSource } from '../converters/source.js';
import { ConverterError } from '../errors.js';
import type { LogFields, Logger } from '../observe/logger.js';
import { type ConverterInput, type InputOptions, toSource } from './converter-input.js';

/** Options of {@link runConverter}. */
export interface RunConverterOptions extends InputOptions {
  /** Set over the converter's own arguments, as by the pool's configuration. */
  arguments?: object;
  /** Default 1, the first attempt. */
  attempt?: number;
  /** Default `station`. */
  stationName?: string;
  /** Default `test`. */
  correlationId?: string;
  /** Default 30,000. */
  timeoutMs?: number;
  /** Confidence below which the file is rejected, from 0 to 1. Default 0.2. */
  rejectThreshold?: number;
  /** Whether `initialize` runs before and `dispose` after. Default true. */
  lifecycle?: boolean;
  /** Whether `onSuccess` or `onFailure` runs. Default false: they may have effects outside. */
  hooks?: boolean;
}

/** What a conversion came to. */
export interface ConverterRun<TReport = unknown> {
  /** What the file would become. */
  status: ConversionStatus;
  /** The reports of a success, in order. */
  reports: TReport[];
  /** What `convert` warned of; those of `validate` are in `validation`. */
  warnings: readonly string[];
  metadata: Readonly<Record<string, unknown>>;
  /** Why it failed. */
  error: Error | undefined;
  /** Why it was suspended, skipped or rejected. */
  reason: string | undefined;
  /** After how many ms a suspended file would be taken up again, where the converter says so. */
  retryAfterMs: number | undefined;
  postProcess: PostProcessAction | undefined;
  /** What `validate` said, where the converter has one. */
  validation: ValidationResult | undefined;
  /** Whether the pool would give the converter a file of this name. */
  matches: boolean;
  /** What the converter logged, in order. */
  logs: { level: keyof Logger; message: string; fields: LogFields }[];
  /** How long it took, in ms, with validation and without `initialize`. */
  durationMs: number;
}

/** The type of the reports of a converter. */
export type ReportOf<TConverter> = TConverter extends {
  /** What a converter returns. */
  convert(...args: never[]): infer TReturned;
}
  ? Awaited<TReturned> extends infer TEnd
    ? TEnd extends ConverterResult<infer TReport> | readonly (infer TReport)[]
      ? TReport
      : TEnd
    : never
  : never;

/**
 * Converts once. Like the pool it never rejects because of what a converter does: what it throws is `error`. Reports
 * that cannot be written as JSON fail here, too.
 *
 * ```ts
 * const { status, reports, warnings } = await runConverter(new LotConverter(), 'test/samples/lot.csv');
 * ```
 * @throws Node's own errors when the file cannot be read, and what `initialize` or a hook throws.
 */
// biome-ignore lint/suspicious/noExplicitAny: a converter of any report and arguments.
export async function runConverter<TConverter extends ConverterBase<any, any>>(
  converter: TConverter,
  input: ConverterInput,
  options: RunConverterOptions = {},
): Promise<ConverterRun<ReportOf<TConverter>>> {
  const { lifecycle = true } = options;
  if (lifecycle) await converter.initialize?.();
  try {
    const source = await toSource(converter, input, options);
    return (await convertOnce(converter, source, options)) as ConverterRun<ReportOf<TConverter>>;
  } finally {
    if (lifecycle) await converter.dispose?.();
  }
}

/** One conversion of a source. */
export async function convertOnce(
  converter: AnyConverter,
  source: ConverterSource,
  options: RunConverterOptions,
  onThrown: (thrown: unknown) => void = () => undefined,
): Promise<ConverterRun> {
  const logs: ConverterRun['logs'] = [];
  const facts = {
    arguments: { ...converter.arguments, ...options.arguments },
    logger: collectingLogger(logs),
    attempt: options.attempt ?? 1,
    correlationId: options.correlationId ?? 'test',
    stationName: options.stationName ?? 'station',
    folders: FOLDERS,
  };
  const signal = new AbortController().signal;
  let validation: ValidationResult | undefined;
  const started = performance.now();
  const result = await runConversion({
    converter: listened(converter, {
      onThrown,
      onValidation: said => {
        validation = said;
      },
    }),
    source,
    facts,
    timeoutMs: options.timeoutMs ?? 30_000,
    rejectThreshold: options.rejectThreshold ?? 0.2,
    clock: systemClock,
    signal,
  });
  const durationMs = performance.now() - started;
  const unwritable = result.status === 'success' ? findUnwritable(converter, result.reports) : undefined;
  const run: ConverterRun = {
    status: unwritable ? 'failed' : result.status,
    reports: unwritable ? [] : [...result.reports],
    warnings: result.warnings,
    metadata: result.metadata,
    error: unwritable ?? result.error,
    reason: result.reason,
    retryAfterMs: result.retryAfterMs,
    postProcess: result.postProcess,
    validation,
    matches: converter.matchesFile(source.name),
    logs,
    durationMs,
  };
  if (options.hooks) {
    const context = makeContext(facts, signal);
    if (run.status === 'success') await converter.onSuccess?.(source, result, context);
    if (run.status === 'failed') await converter.onFailure?.(source, result, context);
  }
  return run;
}

const FOLDERS: ConverterFolders = {
  watch: resolve('watch'),
  done: resolve('Done'),
  error: resolve('Error'),
  pending: resolve('Pending'),
};

interface ConversionListener {
  onValidation: (said: ValidationResult) => void;
  onThrown: (thrown: unknown) => void;
}

/** The converter, with somebody who hears what `validate` says and what is thrown. */
function listened(converter: AnyConverter, listener: ConversionListener): AnyConverter {
  const { onValidation, onThrown } = listener;
  const heard = async <T>(work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (thrown) {
      onThrown(thrown);
      throw thrown;
    }
  };
  const validate: AnyConverter['validate'] = async (source, context) => {
    const said = await heard(() => converter.validate?.(source, context));
    onValidation(said as ValidationResult);
    return said as ValidationResult;
  };
  const convert: AnyConverter['convert'] = (source, context) => heard(() => converter.convert(source, context));
  return { name: converter.name, convert, ...(converter.validate ? { validate } : {}) } as AnyConverter;
}

function findUnwritable(converter: AnyConverter, reports: readonly unknown[]): Error | undefined {
  for (const [index, report] of reports.entries()) {
    try {
      JSON.stringify(report);
    } catch (cause) {
      return new ConverterError(`Report ${index} of converter '${converter.name}' cannot be written as JSON`, {
        cause,
      });
    }
  }
  return undefined;
}

function collectingLogger(logs: ConverterRun['logs']): Logger {
  const log = (level: keyof Logger) => (fields: LogFields, message: string) => {
    logs.push({ level, message, fields });
  };
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}

/** The one class that users subclass. */
import { extname } from 'node:path';
import picomatch, { type PicomatchOptions } from 'picomatch';
import type { Logger } from '../observe/logger.js';
import type { ConverterResult } from './converter-result.js';
import type { ConverterSource } from './source.js';

/** How globs on file names match: the case of letters does not matter, and `**` takes a newline as any other letter. */
export const GLOB: PicomatchOptions = { flags: 'is' };

/** The folders of a converter, as absolute paths. */
export interface ConverterFolders {
  readonly watch: string;
  readonly done: string;
  readonly error: string;
  readonly pending: string;
}

/** What a converter is told beside the source. */
export interface ConverterContext<TArguments = Record<string, unknown>> {
  /** The converter's own arguments, with those of the pool's configuration over them. */
  readonly arguments: TArguments;
  readonly logger: Logger;
  /** Aborts when the conversion takes longer than `timeoutMs` and when the pool has to stop. */
  readonly signal: AbortSignal;
  /** 1 for the first attempt at this file; counted over restarts. */
  readonly attempt: number;
  /** The same in every event and log line of this file, from detection to the server's answer. */
  readonly correlationId: string;
  /** The station's name, from the pool's options. Default: the host name. */
  readonly stationName: string;
  readonly folders: ConverterFolders;
  /** Tells how far the conversion is, for those that take long: the pool's event `progress`. @param fraction From 0 to 1. */
  progress(fraction: number, message?: string): void;
  /** To return: not now. See {@link ConverterResult.suspended}. */
  suspend(reason: string, options?: { retryAfterMs?: number }): ConverterResult<never>;
  /** To return: not a source for this converter. See {@link ConverterResult.rejected}. */
  reject(reason: string): ConverterResult<never>;
}

/** What {@link ConverterBase.validate} says of a source. */
export interface ValidationResult {
  /** Whether this converter can convert the source at all. */
  canConvert: boolean;
  /** How sure it is, from 0 to 1. Default 1. The surest of several takes a file; below `rejectThreshold` none does. */
  confidence?: number;
  /** Whether the source is complete. Default true; `false` has it looked at again after `retryAfterMs`, as often as it takes. */
  ready?: boolean;
  retryAfterMs?: number;
  /** What was found in the source, for events: part number, station, format version, … */
  detected?: Readonly<Record<string, unknown>>;
  /** Why not, in one sentence. */
  message?: string;
  warnings?: readonly string[];
}

/** What `convert()` may return: a report, several, or a {@link ConverterResult}. */
export type Conversion<TReport> = TReport | readonly TReport[] | ConverterResult<TReport>;

/**
 * Turns a file into one or more reports. Subclass it, name it, say which files are its, and write `convert`:
 * everything else is optional.
 *
 * @typeParam TReport What a report is: any JSON-serialisable object.
 * @typeParam TArguments What the converter can be configured with.
 */
export abstract class ConverterBase<
  TReport extends object = object,
  TArguments extends object = Record<string, unknown>,
> {
  /** Unique in the pool, stable over versions: idempotency keys are made with it. */
  abstract readonly name: string;
  /** Endings of the files that it converts, such as `.csv`; the case of letters does not matter. Empty: `filePatterns` alone decide. */
  abstract readonly supportedExtensions: readonly string[];
  /** Raise it when conversions change: files that failed with an older version are taken up again. Default '1.0.0'. */
  readonly version: string = '1.0.0';
  /** From 1 to 10; 10 goes first. Default 5. */
  readonly priority: number = 5;
  /** Globs on the path relative to the watch folder, with `/`; a file matches by its extension or by one of these. */
  readonly filePatterns: readonly string[] = [];
  /** What it was constructed with. */
  readonly arguments: TArguments;

  constructor(args: TArguments = {} as TArguments) {
    this.arguments = args;
  }

  /**
   * Makes the reports. Throwing means failed: a `FileFormatError` at once, any other error after `maxRetries`.
   * It may run several times for one file (after a crash, on a retry), so it should have no effects of its own.
   */
  abstract convert(
    source: ConverterSource,
    context: ConverterContext<TArguments>,
  ): Conversion<TReport> | Promise<Conversion<TReport>>;

  /** Whether a file is this converter's. @param path Relative to the watch folder, with `/`. */
  matchesFile(path: string): boolean {
    const extension = extname(path).toLowerCase();
    return (
      this.supportedExtensions.some(supported => supported.toLowerCase() === extension) ||
      (this.filePatterns.length > 0 && picomatch.isMatch(path, [...this.filePatterns], GLOB))
    );
  }

  /** Looks at a source before it is converted. Without it, every file that matches is converted. */
  validate?(
    source: ConverterSource,
    context: ConverterContext<TArguments>,
  ): ValidationResult | Promise<ValidationResult>;

  /** Called once before the first conversion. What it throws stops the pool from starting. */
  initialize?(): void | Promise<void>;

  /** Called once when the pool stops or the converter is removed. */
  dispose?(): void | Promise<void>;

  /** Called when the reports are durable and before post-processing, so that the source is still there. */
  onSuccess?(
    source: ConverterSource,
    result: ConverterResult<TReport>,
    context: ConverterContext<TArguments>,
  ): void | Promise<void>;

  /** Called when a file has failed for good, before it is moved to the error folder. */
  onFailure?(
    source: ConverterSource,
    result: ConverterResult<TReport>,
    context: ConverterContext<TArguments>,
  ): void | Promise<void>;
}

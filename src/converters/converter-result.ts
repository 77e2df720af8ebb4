/** What a conversion came to. */

/** What happens to a source once its reports are durable. */
export type PostProcessAction = 'delete' | 'move' | 'zip' | 'keep' | 'archive';

/** How a conversion ended. */
export type ConversionStatus = 'success' | 'failed' | 'suspended' | 'skipped' | 'rejected';

/** What may accompany a success. */
export interface SuccessOptions {
  /** Oddities that did not stop the conversion; they are logged and evented. */
  warnings?: readonly string[];
  /** Facts about the conversion for events and the archive; plain JSON. */
  metadata?: Readonly<Record<string, unknown>>;
  /** What happens to this one source, in place of what its converter is configured for. */
  postProcess?: PostProcessAction;
}

/**
 * The outcome of one conversion. `convert()` may also just return a report or an array of reports, which means
 * success, or throw, which means failed; this class is for everything else that there is to say.
 */
export class ConverterResult<TReport = unknown> {
  readonly status: ConversionStatus;
  /** The reports of a success, in order. Each is submitted on its own; the source is cleaned up when all are durable. */
  readonly reports: readonly TReport[] = [];
  /** Why it failed. */
  readonly error: Error | undefined;
  /** Why it was suspended, skipped or rejected. */
  readonly reason: string | undefined;
  /** After how many ms a suspended source is taken up again. Default: the converter's `retryDelayMs`. */
  readonly retryAfterMs: number | undefined;
  readonly warnings: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly postProcess: PostProcessAction | undefined;

  private constructor(
    status: ConversionStatus,
    fields: { reports?: readonly TReport[]; error?: Error; reason?: string; retryAfterMs?: number } & SuccessOptions,
  ) {
    this.status = status;
    this.reports = fields.reports ?? [];
    this.error = fields.error;
    this.reason = fields.reason;
    this.retryAfterMs = fields.retryAfterMs;
    this.warnings = fields.warnings ?? [];
    this.metadata = fields.metadata ?? {};
    this.postProcess = fields.postProcess;
  }

  /** The source is converted: one report, or several in order. */
  static success<T>(reports: T | readonly T[], options: SuccessOptions = {}): ConverterResult<T> {
    return new ConverterResult<T>('success', {
      ...options,
      reports: Array.isArray(reports) ? reports : [reports as T],
    });
  }

  /** The source cannot be converted. It goes to the error folder, after `maxRetries` where the error may pass. */
  static failed(error: Error): ConverterResult<never> {
    return new ConverterResult<never>('failed', { error });
  }

  /** Not now: the source is taken up again after a delay, at most `maxRetries` times. */
  static suspended(reason: string, options: { retryAfterMs?: number } = {}): ConverterResult<never> {
    return new ConverterResult<never>('suspended', { ...options, reason });
  }

  /** There is nothing to deliver, and that is fine. The source is cleaned up as after a success. */
  static skipped(reason: string): ConverterResult<never> {
    return new ConverterResult<never>('skipped', { reason });
  }

  /** This is not a source for this converter. It goes to the error folder with the reason. */
  static rejected(reason: string): ConverterResult<never> {
    return new ConverterResult<never>('rejected', { reason });
  }
}

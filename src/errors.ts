/**
 * The one error family. Every error that leaves the library is a {@link MillraceError}: `code` is stable
 * between major versions and is what programs compare, `message` is for people and may change, `hints` say what to do.
 */
import { docsFor, type ErrorCode, hintsFor } from './error-codes.js';

/** What every error of the family can be given beside its message. */
export interface MillraceErrorOptions {
  /** The error that led to this one. */
  cause?: unknown;
  /** What to do about it, one line each. Default: the hints kept for the code. */
  hints?: readonly string[];
}

/** The base of the family; `instanceof MillraceError` holds for every error that the library throws on purpose. */
export class MillraceError extends Error {
  /** Stable name of what went wrong, such as `QUEUE_FULL`. */
  readonly code: ErrorCode;
  /** What to do about it, one line each. */
  readonly hints: readonly string[];

  constructor(code: ErrorCode, message: string, options: MillraceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hints = options.hints ?? hintsFor(code);
  }

  /** Where the guides say more: a path within the package, with its anchor. */
  get docs(): string {
    return docsFor(this.code);
  }

  static {
    // On the prototype, so that neither a bundler's renaming nor a second copy of the library changes it.
    nameOf(MillraceError, 'MillraceError');
  }
}

/** The pending queue could not take, read or keep a report. */
export class QueueError extends MillraceError {
  static {
    nameOf(QueueError, 'QueueError');
  }
}

/** The pending queue is at `maxSize` or `maxBytes`. Nothing was written; the caller still owns the report. */
export class QueueFullError extends QueueError {
  constructor(message: string, options?: MillraceErrorOptions) {
    super('QUEUE_FULL', message, options);
  }
  static {
    nameOf(QueueFullError, 'QueueFullError');
  }
}

/** A file in the pending folder is not a readable report. It is kept as `.error` with this error's words beside it. */
export class QueueCorruptedError extends QueueError {
  constructor(message: string, options?: MillraceErrorOptions) {
    super('QUEUE_CORRUPTED', message, options);
  }
  static {
    nameOf(QueueCorruptedError, 'QueueCorruptedError');
  }
}

/** A converter failed, or was not able to run. */
export class ConverterError extends MillraceError {
  constructor(message: string, options?: MillraceErrorOptions, code: ErrorCode = 'CONVERTER_FAILED') {
    super(code, message, options);
  }
  static {
    nameOf(ConverterError, 'ConverterError');
  }
}

/** What {@link FileFormatError} can be given beside its message. */
export interface FileFormatErrorOptions extends MillraceErrorOptions {
  /** Counted from 1. */
  line?: number;
  /** Counted from 1: the character of the line, or the cell of the row in a table. */
  column?: number;
  /** What should have been there. */
  expected?: string;
}

/** The source is not in the format that the converter reads. Trying again cannot help, so it is not retried. */
export class FileFormatError extends ConverterError {
  /** Where it is wrong, counted from 1; `undefined` where that is no single place. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** What should have been there. */
  readonly expected: string | undefined;

  constructor(message: string, options?: FileFormatErrorOptions) {
    super(message, options, 'FILE_FORMAT');
    this.line = options?.line;
    this.column = options?.column;
    this.expected = options?.expected;
  }
  static {
    nameOf(FileFormatError, 'FileFormatError');
  }
}

/** A converter was written or configured wrongly: no name, no extensions, arguments that do not fit. */
export class ConverterConfigError extends ConverterError {
  constructor(message: string, options?: MillraceErrorOptions) {
    super(message, options, 'CONVERTER_CONFIG');
  }
  static {
    nameOf(ConverterConfigError, 'ConverterConfigError');
  }
}

/** A conversion took longer than `timeoutMs`. */
export class ConverterTimeoutError extends ConverterError {
  constructor(message: string, options?: MillraceErrorOptions) {
    super(message, options, 'CONVERTER_TIMEOUT');
  }
  static {
    nameOf(ConverterTimeoutError, 'ConverterTimeoutError');
  }
}

/** The process or thread that ran the converter died while it ran: `CONVERTER_CRASHED`, or `CONVERTER_MEMORY` for want of memory. */
export class ConverterCrashedError extends ConverterError {
  constructor(
    message: string,
    options?: MillraceErrorOptions,
    code: 'CONVERTER_CRASHED' | 'CONVERTER_MEMORY' = 'CONVERTER_CRASHED',
  ) {
    super(message, options, code);
  }
  static {
    nameOf(ConverterCrashedError, 'ConverterCrashedError');
  }
}

/** A part of the library was used in a state in which it cannot do what was asked, such as a stopped pool. */
export class ServiceError extends MillraceError {
  static {
    nameOf(ServiceError, 'ServiceError');
  }
}

/** What a failed submission means for the report. */
export type SubmitErrorKind =
  /** The server or the way to it is in trouble: the report stays queued and is tried again. */
  | 'transient'
  /** The server has read the report and refuses it: trying again cannot help. */
  | 'permanent'
  /** The submitter itself is refused (401, 403, certificate): nothing is sent until that is mended. */
  | 'unauthorized';

/** What {@link SubmitError} can be given beside its message. */
export interface SubmitErrorOptions extends MillraceErrorOptions {
  kind: SubmitErrorKind;
  /** How long the server asks us to wait, in ms. */
  retryAfterMs?: number;
  /** The HTTP status, where there was an answer. */
  status?: number;
  /** The server's own words, cut to a sensible length. */
  serverMessage?: string;
}

const SUBMIT_CODES: Record<SubmitErrorKind, ErrorCode> = {
  transient: 'SUBMIT_TRANSIENT',
  permanent: 'SUBMIT_REFUSED',
  unauthorized: 'SUBMIT_UNAUTHORIZED',
};

/** A report was not accepted. `kind` says what that means for the report and for those after it. */
export class SubmitError extends MillraceError {
  readonly kind: SubmitErrorKind;
  readonly retryAfterMs: number | undefined;
  readonly status: number | undefined;
  readonly serverMessage: string | undefined;

  constructor(message: string, options: SubmitErrorOptions) {
    super(SUBMIT_CODES[options.kind], message, options);
    this.kind = options.kind;
    this.retryAfterMs = options.retryAfterMs;
    this.status = options.status;
    this.serverMessage = options.serverMessage;
  }

  /** The report may be accepted later without any change to it. */
  get transient(): boolean {
    return this.kind !== 'permanent';
  }

  /** The report itself is refused. */
  get permanent(): boolean {
    return this.kind === 'permanent';
  }

  static {
    nameOf(SubmitError, 'SubmitError');
  }
}

/** The archive could not keep, find or give back an original. */
export class ArchiveError extends MillraceError {
  static {
    nameOf(ArchiveError, 'ArchiveError');
  }
}

/** Stored bytes are not the bytes that were stored. */
export class IntegrityError extends ArchiveError {
  constructor(message: string, options?: MillraceErrorOptions) {
    super('INTEGRITY', message, options);
  }
  static {
    nameOf(IntegrityError, 'IntegrityError');
  }
}

/** The journaled store could not be opened, written or read. */
export class StoreError extends MillraceError {
  static {
    nameOf(StoreError, 'StoreError');
  }
}

/** A single thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** Where, as a path such as `converters[2].priority`. */
  path: string;
  message: string;
  /** The line in a configuration file, from 1. */
  line?: number;
  /** What to do about it, where more can be said than the message does. */
  hint?: string;
}

/** The options or a configuration file are wrong. All problems are reported at once. */
export class ConfigError extends MillraceError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], options?: MillraceErrorOptions) {
    super('CONFIG_INVALID', problems.map(describe).join('; '), options);
    this.problems = problems;
  }
  static {
    nameOf(ConfigError, 'ConfigError');
  }
}

/** The disk has less free space than the part that wrote was told to leave. */
export class DiskSpaceError extends MillraceError {
  constructor(message: string, options?: MillraceErrorOptions) {
    super('DISK_FULL', message, options);
  }
  static {
    nameOf(DiskSpaceError, 'DiskSpaceError');
  }
}

/** Anything that was thrown, as an `Error` with a message; what was thrown is its `cause` where it was no error. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new MillraceError(
    'UNKNOWN',
    typeof thrown === 'string' ? thrown : `A value that is no error was thrown: ${String(thrown)}`,
    {
      cause: thrown,
    },
  );
}

/** The system's code of an error (`ENOENT`, `EXDEV`, …), where it has one. */
export function systemCode(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  const code = (thrown as { code?: unknown }).code;
  return typeof code === 'string' ? code : undefined;
}

/** Whether the disk was full, in our words or in the system's, at the root of an error. */
export function isDiskFull(thrown: unknown): boolean {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 8; error = error.cause, depth++) {
    // Linux says ENOSPC as well when it has run out of file watches, which has nothing to do with the disk.
    if ((error as NodeJS.ErrnoException).syscall === 'watch') return false;
    if (['DISK_FULL', 'ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '')) return true;
  }
  return false;
}

function describe({ path, line, message, hint }: ConfigProblem): string {
  const where = line === undefined ? path : `${path} (line ${line})`;
  return `${where}: ${message}${hint === undefined ? '' : ` (${hint})`}`;
}

function nameOf(type: { prototype: Error }, name: string): void {
  // On the class as well: the bundler renames a class that speaks of itself.
  Object.defineProperty(type, 'name', { value: name, configurable: true });
  Object.defineProperty(type.prototype, 'name', { value: name, configurable: true, writable: true });
}

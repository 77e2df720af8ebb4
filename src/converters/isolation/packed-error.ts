/** An error on its way from a worker: what it was is what it becomes again, but for its class where that is the user's own. */
import { ERROR_CODES, type ErrorCode } from '../../error-codes.js';
import { ConverterError, ConverterTimeoutError, FileFormatError, MillraceError, toError } from '../../errors.js';

/** Plain data. */
export interface PackedError {
  name: string;
  message: string;
  stack: string | undefined;
  /** What it has beside these: `code`, `transient`, `line`, … */
  fields: Record<string, unknown>;
  hints: readonly string[] | undefined;
  /** It is one of ours: then it is one again. */
  family: 'format' | 'timeout' | 'converter' | 'millrace' | undefined;
  cause: PackedError | undefined;
}

const MAX_CAUSES = 8;

export function packError(thrown: unknown, depth = 0): PackedError {
  const error = toError(thrown);
  const fields = Object.entries(error).filter(([key, value]) => key !== 'hints' && isPlain(value));
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    fields: Object.fromEntries(fields),
    hints: error instanceof MillraceError ? error.hints : undefined,
    family: familyOf(error),
    cause: error.cause === undefined || depth >= MAX_CAUSES ? undefined : packError(error.cause, depth + 1),
  };
}

export function unpackError(packed: PackedError): Error {
  const error = make(packed);
  if (packed.stack !== undefined) error.stack = packed.stack;
  return Object.assign(error, packed.fields);
}

function make({ name, message, fields, hints, family, cause }: PackedError): Error {
  const options = {
    ...(cause ? { cause: unpackError(cause) } : {}),
    ...(hints ? { hints } : {}),
  };
  const code = ERROR_CODES.find(known => known === fields.code) as ErrorCode | undefined;
  switch (family) {
    case 'format':
      return new FileFormatError(message, options);
    case 'timeout':
      return new ConverterTimeoutError(message, options);
    case 'converter':
      return new ConverterError(message, options, code);
    case 'millrace':
      return new MillraceError(code ?? 'UNKNOWN', message, options);
    default: {
      const error = new Error(message, options);
      error.name = name;
      return error;
    }
  }
}

function familyOf(error: Error): PackedError['family'] {
  if (error instanceof FileFormatError) return 'format';
  if (error instanceof ConverterTimeoutError) return 'timeout';
  if (error instanceof ConverterError) return 'converter';
  return error instanceof MillraceError ? 'millrace' : undefined;
}

function isPlain(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

/** Places in a file, and the error that names one. */
import { FileFormatError } from '../errors.js';

/** Where something stands in a file. Line and column count from 1. */
export interface Place {
  /** The file's name. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** What stands there, such as `column 'Value'`. */
  readonly what?: string;
}

/** Longer texts are cut in messages. */
const SHOWN = 60;

/** The error for something that is not what it should be: it names file, line, column, what was expected and what is there. */
export function unexpected(place: Place, expected: string, found?: string, cause?: unknown): FileFormatError {
  const { file, line, column, what } = place;
  const there = found === undefined ? '' : `, and it is ${found === '' ? 'empty' : `'${cut(found)}'`}`;
  return new FileFormatError(
    `${file} at line ${line}, column ${column}${what ? ` (${what})` : ''}: expected ${expected}${there}`,
    { line, column, expected, cause },
  );
}

/** Says where a `FileFormatError` was thrown that does not know it; any other error stays as it is. */
export function located(place: Place, thrown: unknown): unknown {
  if (!(thrown instanceof FileFormatError) || thrown.line !== undefined) return thrown;
  const { file, line, column } = place;
  return new FileFormatError(`${file} at line ${line}, column ${column}: ${thrown.message}`, {
    line,
    column,
    ...(thrown.expected === undefined ? {} : { expected: thrown.expected }),
    cause: thrown,
  });
}

function cut(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

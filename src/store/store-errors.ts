/** How errors of the file system and of SQL become errors of the family: the one place that knows sql.js's words. */
import { DiskSpaceError, MillraceError, StoreError, systemCode, toError } from '../errors.js';

const NO_SPACE = new Set(['ENOSPC', 'EDQUOT']);

/** An error of the file system, with what was being done: `The journal could not be written`. */
export function fileError(doing: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const message = `${doing}: ${toError(error).message}`;
  if (NO_SPACE.has(systemCode(error) ?? '')) return new DiskSpaceError(message, { cause: error });
  return new StoreError('STORE_FAILED', message, { cause: error });
}

/** An error that SQL reported. sql.js throws plain errors and strings that hold SQLite's words and no code. */
export function sqlError(doing: string, words: string): StoreError {
  const code = /image is malformed|not a database/i.test(words) ? 'STORE_DAMAGED' : 'STORE_FAILED';
  return new StoreError(code, `${doing}: ${words}`);
}

/** The trouble is with the engine and not with the statement: the only way on is a new worker. */
export function isEngineFailure(words: string): boolean {
  return /out of memory|image is malformed|disk I\/O|disk is full|memory access|unreachable|cannot (start|commit)/i.test(
    words,
  );
}

/** SQLite's words of what sql.js threw. */
export function wordsOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The `.error` file beside a failed source: what a person needs who finds it there. */
import { basename, dirname, join } from 'node:path';
import { docsFor } from '../error-codes.js';
import { MillraceError } from '../errors.js';
import { removeIfThere, scratchName, writeAtomic } from '../files/atomic-write.js';
import type { FileSystem } from '../files/file-system.js';
import { withEnding } from '../files/names.js';
import { silentLogger } from '../observe/logger.js';

/** The content of a `.error` file. */
export interface ErrorFile {
  /** When it failed, ISO 8601, UTC. */
  timestamp: string;
  /** The name that the source had in the watch folder. */
  file: string;
  converter: string;
  /** The error's class. */
  errorType: string;
  code: string;
  message: string;
  stack: string | undefined;
  attempts: number;
  correlationId: string;
  hints: readonly string[];
  /** Where the guides say more about the code. */
  docs: string;
}

/** Where the `.error` file of a source in the error folder lies. */
export function errorFilePath(source: string): string {
  return join(dirname(source), withEnding(basename(source), '.error'));
}

/** Writes it beside the source. */
export async function writeErrorFile(
  fs: FileSystem,
  source: string,
  error: Error,
  facts: Omit<ErrorFile, 'errorType' | 'code' | 'message' | 'stack' | 'hints' | 'docs'>,
): Promise<void> {
  const content: ErrorFile = {
    ...facts,
    errorType: error.name,
    code: error instanceof MillraceError ? error.code : 'UNKNOWN',
    message: error.message,
    stack: error.stack,
    hints: error instanceof MillraceError ? error.hints : [],
    docs: docsFor(error instanceof MillraceError ? error.code : 'UNKNOWN'),
  };
  const scratch = scratchName(dirname(source), facts.correlationId);
  // What a process left that was killed here.
  await removeIfThere(fs, scratch);
  await writeAtomic(fs, errorFilePath(source), `${JSON.stringify(content, null, 2)}\n`, silentLogger, scratch);
}

/** The file system for the data folder, where a start that gets no answer must end and say so. */
import type { Clock } from '../clock.js';
import { StoreError } from '../errors.js';
import type { FileSystem } from '../files/file-system.js';
import { ImpatientFileSystem } from '../files/impatient.js';

/** A dead share can hang for minutes; a start waits no longer than this for an answer. */
const PATIENCE_MS = 5_000;

/** Without its data folder a pool can promise nothing: a look at it that gets no answer is an error, unlike any other place. */
export function dataFiles(fs: FileSystem, clock: Clock, dataDir: string): ImpatientFileSystem {
  return new ImpatientFileSystem({
    fs,
    clock,
    patienceMs: PATIENCE_MS,
    late: (operation, path) => {
      const what = `${operation} '${path}'`;
      return new StoreError('STORE_FAILED', `The data folder gave no answer within ${PATIENCE_MS} ms: ${what}`, {
        hints: [
          `Check whether the disk or share of dataDir, '${dataDir}', answers; the data folder belongs on a local disk.`,
          'Start a new pool when it does.',
        ],
      });
    },
  });
}

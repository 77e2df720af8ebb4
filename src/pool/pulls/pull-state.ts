/** What a scheduled converter must know after a restart: how far it has pulled, and when it last did. */
import { join } from 'node:path';
import { MillraceError, systemCode, toError } from '../../errors.js';
import { writeAtomic } from '../../files/atomic-write.js';
import type { FileSystem } from '../../files/file-system.js';
import { silentLogger } from '../../observe/logger.js';
import { pulledTempName } from './spool.js';

/** Times in epoch ms. */
export interface PullState {
  /** Since when there is a schedule. */
  since: number;
  /** When the last run that succeeded was due. */
  lastDueAt?: number;
  /** The cursor of the last durable item. */
  cursor?: unknown;
}

/** @throws Node's own error; MillraceError `STORE_DAMAGED` where the file is not ours. */
export async function readPullState(fs: FileSystem, folder: string): Promise<PullState | undefined> {
  const path = fileIn(folder);
  let text: string;
  try {
    text = (await fs.readFile(path)).toString('utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const state = JSON.parse(text) as PullState;
    if (typeof state.since === 'number') return state;
    throw new TypeError('it has no "since"');
  } catch (thrown) {
    throw new MillraceError('STORE_DAMAGED', `${path} cannot be read: ${toError(thrown).message}`, { cause: thrown });
  }
}

export function writePullState(fs: FileSystem, folder: string, state: PullState): Promise<void> {
  return writeAtomic(fs, fileIn(folder), `${JSON.stringify(state)}\n`, silentLogger, pulledTempName(folder));
}

function fileIn(folder: string): string {
  // Hidden: no data.
  return join(folder, '.schedule.json');
}

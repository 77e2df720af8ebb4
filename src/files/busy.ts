/** Waiting out virus scanners, indexers and viewers, which hold a file open for a moment after it was written. */
import { setTimeout as delay } from 'node:timers/promises';
import { systemCode } from '../errors.js';

const BUSY_CODES = new Set(['EBUSY', 'EPERM', 'EACCES', 'ETXTBSY']);
const DELAYS_MS = [10, 25, 50, 100, 200, 400];

/** The file cannot be had now and may be had in a moment. */
export function isBusy(error: unknown): boolean {
  return BUSY_CODES.has(systemCode(error) ?? '');
}

/**
 * Runs a rename, unlink or link, again while the file is busy: at most {@link DELAYS_MS} (under 0.8 s in all), then the
 * error is thrown. On POSIX, EPERM and EACCES come from permissions and not from open files, so only EBUSY is waited for.
 */
export async function whileBusy<T>(operation: () => Promise<T>): Promise<T> {
  for (const delayMs of DELAYS_MS) {
    try {
      return await operation();
    } catch (error) {
      const worthWaiting = process.platform === 'win32' ? isBusy(error) : systemCode(error) === 'EBUSY';
      if (!worthWaiting) throw error;
    }
    await delay(delayMs);
  }
  return operation();
}

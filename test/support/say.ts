/** What a process that is about to be killed says. */
import { writeSync } from 'node:fs';

const EAGAIN_PAUSE_MS = 1;

/**
 * Prints a line and returns when the pipe has all of it, so that nothing that was said is lost with the process, as it is
 * through `process.stdout`, which goes on ahead of a reader that is slow.
 */
export function say(line: string): void {
  let rest = Buffer.from(`${line}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      // The pipe is full, and its reader has not had its turn.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EAGAIN_PAUSE_MS);
    }
  }
}

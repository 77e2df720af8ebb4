/** What is wrong with a watch, in words that lead somewhere. */
import { MillraceError, systemCode } from '../errors.js';

/**
 * Whether the system has run out of watches. Linux says so with `ENOSPC`, which has nothing to do with the disk; only
 * the system call tells the two apart.
 */
export function isWatchLimit(error: unknown): boolean {
  const code = systemCode(error) ?? '';
  return ['ENOSPC', 'EMFILE', 'ENFILE'].includes(code) && (error as NodeJS.ErrnoException).syscall === 'watch';
}

/** The error for hosts: `WATCH_FAILED`, with what to do. */
export function watchProblem(root: string, cause: Error): MillraceError {
  if (!isWatchLimit(cause)) {
    return new MillraceError(
      'WATCH_FAILED',
      `The events of ${root} cannot be trusted: ${cause.message}; it is polled`,
      { cause },
    );
  }
  const limit =
    systemCode(cause) === 'ENOSPC'
      ? 'fs.inotify.max_user_watches'
      : 'fs.inotify.max_user_instances or the open files of a process';
  return new MillraceError(
    'WATCH_FAILED',
    `The system has no more watches for ${root}, so it is polled; the disk is not full`,
    {
      cause,
      hints: [`Raise ${limit}, or watch fewer folders. Native events are tried again by themselves.`],
    },
  );
}

/** How the events of an archive are logged. An `error` goes to the log where nobody listens; a pool does, and logs it. */
import type { EventLines } from '../observe/event-lines.js';
import type { ArchiveEvents } from './archive-context.js';

export const ARCHIVE_LINES: Required<EventLines<Omit<ArchiveEvents, 'error'>>> = {
  damaged: {
    level: 'error',
    message: 'The catalog of the archive was damaged; what could be read is kept',
    fields: ({ file, movedTo, message }) => ({ file, movedTo, reason: message }),
  },
  rebuilt: {
    level: 'warn',
    message: 'The catalog of the archive was made again from its files',
    fields: event => ({ ...event }),
  },
};

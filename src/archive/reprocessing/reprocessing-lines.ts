/** How the events of replays are logged. An `error` goes to the log where nobody listens. */
import type { EventLines } from '../../observe/event-lines.js';
import type { ReprocessingEvents } from './reprocessing-events.js';

export const REPROCESSING_LINES: Required<EventLines<Omit<ReprocessingEvents, 'error'>>> = {
  started: {
    level: 'info',
    message: 'A replay begins',
    fields: ({ converterName, total, processed, submit }) => ({ converter: converterName, total, processed, submit }),
  },
  progress: {
    level: 'debug',
    message: 'The replay goes on',
    fields: ({ converterName, processed, total }) => ({ converter: converterName, processed, total }),
  },
  converted: {
    level: 'debug',
    message: 'Archived source converted again',
    fields: ({ converterName, reports, submitted, ...event }) => ({
      converter: converterName,
      ...event,
      reports: reports.length,
      submitted: submitted.length,
    }),
  },
  failed: {
    level: 'warn',
    message: ({ error }) => `Archived source could not be converted again: ${error.message}`,
    fields: ({ converterName, error, ...event }) => ({ converter: converterName, ...event, err: error }),
  },
  skipped: {
    level: 'debug',
    message: 'Archived source passed over',
    fields: ({ converterName, ...event }) => ({ converter: converterName, ...event }),
  },
  completed: {
    level: 'info',
    message: ({ complete }) => (complete ? 'The replay is done' : 'The replay was ended'),
    fields: ({ converterName, total, processed, successful, failed, skipped, submitted, durationMs }) => ({
      converter: converterName,
      total,
      processed,
      successful,
      failed,
      skipped,
      submitted,
      durationMs,
    }),
  },
  differed: {
    level: 'debug',
    message: 'Reports of an archived source differ',
    fields: ({ converterName, archiveId, correlationId, differences }) => ({
      converter: converterName,
      archiveId,
      correlationId,
      differences: differences.length,
    }),
  },
  compared: {
    level: 'info',
    message: ({ complete }) => (complete ? 'The comparison is done' : 'The comparison was ended'),
    fields: ({ converterName, total, compared, identical, different, failed, skipped, durationMs }) => ({
      converter: converterName,
      total,
      compared,
      identical,
      different,
      failed,
      skipped,
      durationMs,
    }),
  },
};

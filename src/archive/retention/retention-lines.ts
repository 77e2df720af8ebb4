/** How the events of a retention are logged. Trouble (`error`, `failed`) goes to the log where nobody listens; a pool does, and logs it. */
import type { EventLines } from '../../observe/event-lines.js';
import type { RetentionEvents } from './types.js';

export const RETENTION_LINES: Required<EventLines<Omit<RetentionEvents, 'error' | 'failed'>>> = {
  purged: {
    level: 'info',
    message: 'Archived sources purged',
    fields: ({ converterName, reason, archiveIds, bytes, removedAt }) => ({
      converter: converterName,
      reason,
      entries: archiveIds.length,
      bytes,
      removedAt: removedAt.toISOString(),
    }),
  },
  previewed: { level: 'debug', message: 'The retention was previewed', fields: event => ({ ...event }) },
  skipped: {
    level: 'debug',
    message: 'Archived sources stay that a rule wants gone',
    fields: ({ skipped }) => ({ entries: skipped.length }),
  },
  agePaused: {
    level: 'warn',
    message: ({ message }) => `Nothing is purged for its age: ${message}`,
    fields: () => ({}),
  },
};

/** How the events of a queue are logged: all of its log lines about reports are made here. */
import type { EventLines } from '../observe/event-lines.js';
import type { LogFields } from '../observe/logger.js';
import type { PendingQueueEvents } from './types.js';

interface ReportEvent {
  id: string;
  correlationId: string;
  path?: string;
}

function of({ id, correlationId, path }: ReportEvent): LogFields {
  return { reportId: id, correlationId, ...(path === undefined ? {} : { file: path }) };
}

/** Every event but `error`, which goes to the log where nobody listens for it; a pool does, and logs it. */
export const QUEUE_LINES: Required<EventLines<Omit<PendingQueueEvents, 'error'>>> = {
  enqueued: {
    level: 'debug',
    message: 'Report queued',
    fields: event => ({ ...of(event), priority: event.priority }),
  },
  submitted: {
    level: 'info',
    message: 'Report submitted',
    fields: event => ({
      ...of(event),
      attempt: event.attempts + 1,
      attemptId: event.attemptId,
      durationMs: event.durationMs,
      serverId: event.serverId,
    }),
  },
  retrying: {
    level: 'warn',
    message: 'Report was not accepted and is tried again',
    fields: event => ({
      ...of(event),
      attempt: event.attempts,
      attemptId: event.attemptId,
      ...(Number.isFinite(event.maxAttempts) ? { maxAttempts: event.maxAttempts } : {}),
      delayMs: event.delayMs,
      err: event.error,
      code: event.error.code,
    }),
  },
  failed: {
    level: 'error',
    message: ({ error }) => `Report failed: ${error.message}`,
    fields: event => ({
      ...of(event),
      attempt: event.attempts,
      attemptId: event.attemptId,
      err: event.error,
      code: event.error.code,
    }),
  },
  corrupted: {
    level: 'error',
    message: ({ error }) => error.message,
    fields: event => ({ ...of(event), err: event.error, code: event.error.code }),
  },
  vanished: { level: 'warn', message: 'A report was renamed or removed by somebody else', fields: of },
  breakerOpened: {
    level: 'error',
    message: 'The server failed again and again: sending pauses',
    fields: ({ error, resetTimeoutMs }) => ({ err: error, code: error?.code, resetTimeoutMs }),
  },
  breakerHalfOpen: { level: 'debug', message: 'The server is asked again', fields: event => ({ ...event }) },
  breakerClosed: { level: 'info', message: 'The server answers again', fields: event => ({ ...event }) },
  offline: {
    level: 'warn',
    message: ({ reason }) => `Offline: ${reason}`,
    fields: ({ error }) => (error ? { err: error, code: (error as { code?: unknown }).code } : {}),
  },
  online: { level: 'info', message: 'Online again', fields: event => ({ ...event }) },
  recovered: { level: 'info', message: 'The pending folder was read', fields: event => ({ ...event }) },
  full: { level: 'error', message: 'The queue is full: a report was turned away', fields: event => ({ ...event }) },
  pressure: {
    level: ({ high }) => (high ? 'warn' : 'info'),
    message: ({ high }) => (high ? 'The queue is nearly full: intake pauses' : 'The queue has room again'),
    fields: event => ({ ...event }),
  },
  idle: { level: 'debug', message: 'Nothing waits any more', fields: event => ({ ...event }) },
  diskLow: { level: 'error', message: 'The disk of the queue is low', fields: event => ({ ...event }) },
  diskRecovered: { level: 'info', message: 'The disk of the queue has space again', fields: event => ({ ...event }) },
};

/** How the events of a pool are logged: all of its log lines about files are made here. */
import { ERROR_LINE } from '../observe/emitter.js';
import type { EventLines } from '../observe/event-lines.js';
import type { LogFields } from '../observe/logger.js';
import type { FileEvent, PoolEvents } from './pool-events.js';

/** Names are those that a log search is made with: `file`, `converter`, `attempt`, `maxAttempts`, `durationMs`, `correlationId`. */
function of({ path, converter, correlationId }: FileEvent): LogFields {
  return { file: path, converter, correlationId };
}

/** Every event has a line: one that is new does not compile without. */
export const POOL_LINES: Required<EventLines<PoolEvents>> = {
  discovered: { level: 'debug', message: 'File detected', fields: event => ({ ...of(event), size: event.size }) },
  waiting: {
    level: 'warn',
    message: 'File is not whole yet',
    fields: event => ({ ...of(event), reason: event.reason }),
  },
  queued: { level: 'debug', message: 'File queued', fields: event => ({ ...of(event), priority: event.priority }) },
  converting: {
    level: 'debug',
    message: 'Conversion begins',
    fields: event => ({ ...of(event), attempt: event.attempt, maxAttempts: event.maxAttempts }),
  },
  progress: {
    level: 'debug',
    message: ({ message }) => message ?? 'Conversion goes on',
    fields: event => ({ ...of(event), fraction: event.fraction }),
  },
  converted: {
    level: ({ warnings }) => (warnings.length > 0 ? 'warn' : 'info'),
    message: ({ warnings }) => (warnings.length > 0 ? 'File converted, with warnings' : 'File converted'),
    fields: event => ({
      ...of(event),
      reports: event.reports,
      durationMs: event.durationMs,
      ...(event.warnings.length > 0 ? { warnings: event.warnings } : {}),
    }),
  },
  delivered: {
    level: 'info',
    message: 'File delivered',
    fields: event => ({ ...of(event), serverIds: event.reports.map(report => report.serverId) }),
  },
  queuedOffline: {
    level: 'warn',
    message: 'The server did not take it: reports wait in the pending queue',
    fields: event => ({ ...of(event), waiting: event.waiting, reason: event.reason }),
  },
  archived: {
    level: 'debug',
    message: 'Source archived',
    fields: event => ({ ...of(event), archiveId: event.archiveId }),
  },
  superseded: {
    level: 'warn',
    message: 'File was taken too early before; its reports supersede the earlier ones',
    fields: event => ({ ...of(event), reports: event.reports, earlier: event.earlier }),
  },
  cleaned: {
    level: 'debug',
    message: 'Source cleaned up',
    fields: event => ({ ...of(event), action: event.action, target: event.target }),
  },
  completed: {
    level: 'debug',
    message: 'File completed',
    fields: event => ({ ...of(event), durationMs: event.durationMs }),
  },
  failed: {
    level: 'error',
    message: ({ error }) => `File failed: ${error.message}`,
    fields: event => ({
      ...of(event),
      err: event.error,
      code: (event.error as { code?: unknown }).code,
      attempt: event.attempts,
      target: event.target,
    }),
  },
  suspended: {
    level: 'warn',
    message: 'File suspended by its converter',
    fields: event => ({
      ...of(event),
      attempt: event.attempts,
      reason: event.reason,
      retryAfterMs: event.retryAfterMs,
    }),
  },
  skipped: {
    level: 'info',
    message: 'File skipped',
    fields: event => ({ ...of(event), reason: event.reason, duplicateOf: event.duplicateOf }),
  },
  retrying: {
    level: 'warn',
    message: 'File is tried again',
    fields: event => ({
      ...of(event),
      attempt: event.attempt,
      maxAttempts: event.maxAttempts,
      delayMs: event.delayMs,
      reason: event.reason,
    }),
  },
  lowConfidence: {
    level: 'warn',
    message: 'The converter is not sure of a file',
    fields: event => ({ ...of(event), confidence: event.confidence, threshold: event.threshold }),
  },
  shadowMatched: {
    level: 'debug',
    message: 'The candidate makes the same of it',
    fields: event => ({ ...of(event), candidateVersion: event.candidateVersion }),
  },
  shadowDiffers: {
    level: 'warn',
    message: ({ differences }) => `The candidate makes something else of it: ${differences[0]?.path}`,
    fields: event => ({
      ...of(event),
      candidateVersion: event.candidateVersion,
      differences: event.differences.length,
      paths: event.differences.slice(0, 10).map(difference => difference.path),
    }),
  },
  shadowSkipped: {
    level: 'info',
    message: ({ reason }) => `The candidate has not run: ${reason}`,
    fields: event => ({ ...of(event), candidateVersion: event.candidateVersion }),
  },
  scanCompleted: {
    // A rescan that finds nothing is no news.
    level: ({ queued, errors }) => (errors > 0 ? 'warn' : queued > 0 ? 'info' : 'debug'),
    message: 'Folders scanned',
    fields: scan => ({ ...scan }),
  },
  pulled: {
    level: ({ items, known }) => (items > known ? 'info' : 'debug'),
    message: 'Items pulled',
    fields: event => ({ ...event }),
  },
  pullFailed: {
    level: 'warn',
    message: ({ error }) => `A pull failed and is repeated: ${error.message}`,
    fields: ({ converter, error, failures, retryAfterMs }) => ({
      converter,
      err: error,
      code: (error as { code?: unknown }).code,
      failures,
      retryAfterMs,
    }),
  },
  reconfigured: { level: 'info', message: 'Converters reloaded', fields: changes => ({ ...changes }) },
  stateChanged: { level: 'info', message: ({ to }) => `The pool is ${to}`, fields: change => ({ ...change }) },
  watcherDegraded: {
    level: 'warn',
    message: ({ error }) => error.message,
    fields: ({ folder, error }) => ({ folder, err: error, code: (error as { code?: unknown }).code }),
  },
  watcherRecovered: {
    level: 'info',
    message: 'The folder is watched again',
    fields: ({ folder }) => ({ folder }),
  },
  archiveAway: {
    level: 'error',
    message: ({ error }) => `The archive cannot be written: ${error.message}`,
    fields: ({ folder, error }) => ({ folder, err: error, code: (error as { code?: unknown }).code }),
  },
  archiveRecovered: {
    level: 'info',
    message: 'The archive can be written again',
    fields: ({ folder }) => ({ folder }),
  },
  slowOperation: {
    level: 'warn',
    message: 'A file operation takes long',
    fields: event => ({ ...event }),
  },
  diskLow: { level: 'error', message: 'The disk is low: intake pauses', fields: event => ({ ...event }) },
  diskRecovered: {
    level: 'info',
    message: 'The disk has space again: intake goes on',
    fields: event => ({ ...event }),
  },
  error: ERROR_LINE,
};

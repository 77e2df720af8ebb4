import { describe, expect, it } from 'vitest';
import { SubmitError } from '../../../src/errors.js';
import type { EventLine } from '../../../src/observe/event-lines.js';
import { QUEUE_LINES } from '../../../src/pending/queue-lines.js';
import { POOL_LINES } from '../../../src/pool/pool-lines.js';

const file = { path: '/watch/a.csv', converter: 'csv', correlationId: 'c-1' };
const report = { id: 'r-1', correlationId: 'c-1', attemptId: 'x-1' };
const refused = new SubmitError('answered 400', { kind: 'permanent' });
const error = new SubmitError('answered 503', { kind: 'transient' });
const scan = { scanned: 5, queued: 0, skipped: 5, errors: 0, durationMs: 3 };

function lineOf<Payload>(line: EventLine<Payload>, payload: Payload) {
  const level = typeof line.level === 'function' ? line.level(payload) : line.level;
  return { level, ...line.fields(payload) };
}

describe('log lines', () => {
  it('have the levels that were agreed on', () => {
    const levels = {
      'file submitted': lineOf(QUEUE_LINES.submitted, { ...report, attempts: 0, durationMs: 12, direct: true }),
      'retry attempt': lineOf(QUEUE_LINES.retrying, { ...report, attempts: 1, maxAttempts: 9, delayMs: 5, error }),
      'file retried': lineOf(POOL_LINES.retrying, { ...file, reason: 'x', attempt: 1, maxAttempts: 4, delayMs: 9 }),
      'queue full': lineOf(QUEUE_LINES.full, { size: 3, bytes: 9 }),
      'worker idle': lineOf(QUEUE_LINES.idle, { delivered: 3 }),
      'config reload': lineOf(POOL_LINES.reconfigured, { added: ['csv'], removed: [], changed: [], unchanged: [] }),
      'api error': lineOf(QUEUE_LINES.failed, { ...report, path: '/p', attempts: 1, error: refused }),
      'api away': lineOf(QUEUE_LINES.breakerOpened, { error, resetTimeoutMs: 1 }),
      'watchdog check': lineOf(POOL_LINES.scanCompleted, scan),
      'startup scan': lineOf(POOL_LINES.scanCompleted, { ...scan, queued: 2 }),
      'file detected': lineOf(POOL_LINES.discovered, { ...file, size: 7 }),
      'conversion failed': lineOf(POOL_LINES.failed, { ...file, error, attempts: 4 }),
    };
    expect(Object.fromEntries(Object.entries(levels).map(([name, line]) => [name, line.level]))).toEqual({
      'file submitted': 'info',
      'retry attempt': 'warn',
      'file retried': 'warn',
      'queue full': 'error',
      'worker idle': 'debug',
      'config reload': 'info',
      'api error': 'error',
      'api away': 'error',
      'watchdog check': 'debug',
      'startup scan': 'info',
      'file detected': 'debug',
      'conversion failed': 'error',
    });
    expect(levels['file submitted']).toMatchObject({ correlationId: 'c-1', attempt: 1, durationMs: 12 });
    expect(levels['retry attempt']).toMatchObject({ attempt: 1, maxAttempts: 9, delayMs: 5, code: 'SUBMIT_TRANSIENT' });
    expect(levels['file retried']).toMatchObject({
      file: '/watch/a.csv',
      converter: 'csv',
      attempt: 1,
      maxAttempts: 4,
    });
  });

  it('call the same thing the same in every line about a file', () => {
    const about = [
      lineOf(POOL_LINES.discovered, { ...file, size: 1 }),
      lineOf(POOL_LINES.converting, { ...file, attempt: 1, maxAttempts: 4 }),
      lineOf(POOL_LINES.converted, { ...file, reports: 1, warnings: [], metadata: {}, durationMs: 2 }),
      lineOf(POOL_LINES.completed, { ...file, reports: [], durationMs: 2 }),
      lineOf(POOL_LINES.skipped, { ...file, reason: 'x' }),
    ];
    for (const line of about) expect(line).toMatchObject({ file: file.path, converter: 'csv', correlationId: 'c-1' });
  });
});

/** A report that is about to be enqueued: its options checked, its name, JSON and sidecar made. */
import { ConfigError, type ConfigProblem, QueueError, toError } from '../errors.js';
import { createId } from './content-id.js';
import type { ItemMeta } from './item.js';
import { DEFAULT_PRIORITY, ID_PATTERN } from './item-name.js';
import type { EnqueueOptions } from './types.js';

export interface NewReport {
  id: string;
  enqueuedAt: number;
  priority: number;
  report: unknown;
  json: string;
  meta: ItemMeta;
  /** The sidecar says more than the id does. */
  hasMeta: boolean;
}

/** @throws {ConfigError} for wrong options; {QueueError} for a report that is not JSON. */
export function newReport(report: unknown, options: EnqueueOptions, now: number, dedupe: boolean): NewReport {
  checkOptions(options);
  const json = toJson(report);
  // Who names the report or its key has said what makes it the same as another.
  const byContent = dedupe && options.idempotencyKey === undefined;
  const id = options.id ?? createId(now, json, byContent);
  const { idempotencyKey = id, correlationId = id, metadata, supersedes } = options;
  return {
    id,
    enqueuedAt: now,
    priority: options.priority ?? DEFAULT_PRIORITY,
    report,
    json,
    meta: {
      idempotencyKey,
      correlationId,
      ...(metadata ? { metadata } : {}),
      ...(supersedes === undefined ? {} : { supersedes }),
    },
    hasMeta: idempotencyKey !== id || metadata !== undefined || supersedes !== undefined,
  };
}

function checkOptions({ id, idempotencyKey, supersedes, priority }: EnqueueOptions): void {
  const problems: ConfigProblem[] = [];
  if (id !== undefined && !ID_PATTERN.test(id)) {
    problems.push({ path: 'id', message: 'must be 1 to 100 characters of A-Z a-z 0-9 _ -' });
  }
  for (const [path, key] of Object.entries({ idempotencyKey, supersedes })) {
    if (key === undefined || /^[\x21-\x7e]{1,255}$/.test(key)) continue;
    problems.push({ path, message: 'must be 1 to 255 visible ASCII characters: it is sent as a header' });
  }
  if (priority !== undefined && !(Number.isInteger(priority) && priority >= 1 && priority <= 10)) {
    problems.push({ path: 'priority', message: 'must be a whole number from 1 to 10' });
  }
  if (problems.length > 0) throw new ConfigError(problems);
}

function toJson(report: unknown): string {
  let cause: unknown;
  try {
    const json: string | undefined = JSON.stringify(report);
    if (json !== undefined) return json;
  } catch (thrown) {
    cause = toError(thrown);
  }
  throw new QueueError('QUEUE_CORRUPTED', 'The report cannot be written as JSON, so nothing was enqueued', {
    cause,
    hints: ['Give a value that JSON can hold: no functions, no cycles, no BigInt.'],
  });
}

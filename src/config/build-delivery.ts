/** From checked values to the submitter and the pending queue of a pool. */
import { join } from 'node:path';
import type { Logger } from '../observe/logger.js';
import { PendingQueue, type PendingQueueOptions } from '../pending/index.js';
import type { PoolOptions } from '../pool/pool-options.js';
import { madeFrom } from '../pool/reload.js';
import {
  HttpSubmitter,
  type HttpSubmitterOptions,
  type SubmitFunction,
  type Submitter,
  WatsSubmitter,
  type WatsSubmitterOptions,
} from '../submit/index.js';
import { type Checking, problemAt } from './check.js';
import { attempt, writtenAt } from './places.js';

type Values = Readonly<Record<string, unknown>>;

/** What the program gives beside the file. */
export interface Given {
  submitter?: Submitter | SubmitFunction;
  logger?: Logger;
}

/** The queue where the file says anything of it, else the submitter alone, else nothing: the program has its own. */
export function buildDelivery(
  checking: Checking,
  file: Values & { dataDir: string },
  given: Given,
): Pick<PoolOptions, 'pending' | 'submitter'> {
  const settings = file.submitter as Values | undefined;
  if (given.submitter && settings) {
    const hint = 'Leave the section out, or do not give a submitter to loadConfig().';
    problemAt(checking, writtenAt(checking, ['submitter']), 'the program gives a submitter already', hint);
    return {};
  }
  const submitter = settings ? buildSubmitter(checking, settings) : given.submitter;
  const queue = file.pending as Values | undefined;
  if (!queue) return submitter ? { submitter } : {};
  if (!submitter) {
    if (!settings) {
      const hint = 'Add a submitter section, or give loadConfig() a submitter.';
      problemAt(checking, writtenAt(checking, ['pending']), 'needs a submitter', hint);
    }
    return {};
  }
  const { logger } = given;
  const options = {
    directory: join(file.dataDir, 'pending'),
    ...queue,
    submitter,
    ...(logger ? { logger } : {}),
  } as PendingQueueOptions;
  const pending = attempt(checking, 'pending', () => new PendingQueue(options));
  return pending ? { pending: madeFrom(pending, { queue, settings }) } : {};
}

function buildSubmitter(checking: Checking, values: Values): Submitter | undefined {
  const { type = values.baseUrl === undefined ? 'http' : 'wats', ...options } = values;
  const [needed, foreign] = type === 'wats' ? [WATS_KEYS, HTTP_KEYS] : [HTTP_KEYS, WATS_KEYS];
  let fine = true;
  for (const key of [needed[0] as string, ...(type === 'wats' ? ['token'] : [])]) {
    if (options[key] !== undefined || checking.written.has(`submitter.${key}`)) continue;
    problemAt(checking, writtenAt(checking, ['submitter', key]), `is required for '${type}'`);
    fine = false;
  }
  for (const key of foreign.filter(one => options[one] !== undefined)) {
    problemAt(checking, writtenAt(checking, ['submitter', key]), `is not for a submitter of type '${type}'`);
    fine = false;
  }
  if (!fine || options[needed[0] as string] === undefined) return undefined;
  return attempt(checking, 'submitter', () =>
    madeFrom(
      type === 'wats'
        ? new WatsSubmitter(options as unknown as WatsSubmitterOptions)
        : new HttpSubmitter(options as unknown as HttpSubmitterOptions),
      values,
    ),
  );
}

/** The first of each is required. */
const HTTP_KEYS = ['url', 'headers', 'probeUrl'];
const WATS_KEYS = ['baseUrl', 'token'];

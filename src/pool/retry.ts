/** Taking failed files up again because somebody says so. */
import { resolve } from 'node:path';
import type { Engine } from './engine.js';

/** Which failed files. Without any field: all. */
export interface RetryFilter {
  converterName?: string;
  /** Absolute paths in the watch folder. */
  paths?: readonly string[];
  /** Only those that failed with this code, such as `CONVERTER_TIMEOUT`. */
  code?: string;
}

/** @returns How many are in hand again. */
export async function retryFiles(engine: Engine, filter: RetryFilter): Promise<number> {
  const { converterName } = filter;
  const paths = filter.paths && new Set(filter.paths.map(path => resolve(path)));
  let taken = 0;
  for (let afterId = 0; ; ) {
    const rows = await engine.context.ledger.page({ state: 'failed', converterName, afterId, limit: 500 });
    for (const record of rows) {
      afterId = record.id;
      if (filter.code !== undefined && record.code !== filter.code) continue;
      if (paths && !paths.has(resolve(record.root, record.path))) continue;
      if (await engine.recovery.retake(record)) taken += 1;
    }
    if (rows.length === 0) return taken;
  }
}

/** How many files are in each state. */
import type { FileState } from '../ledger/file-record.js';
import type { Engine } from './engine.js';
import type { PoolStatistics } from './pool-events.js';

/** Counts the ledger's rows, with the finer states of the files in hand. */
export async function statisticsOf(engine: Engine): Promise<PoolStatistics> {
  const { ledger, roster, pending } = engine.context;
  const files: Record<FileState, number> = {
    discovered: 0,
    growing: 0,
    waiting: 0,
    ready: 0,
    waiting_for_network: 0,
    queued: 0,
    processing: 0,
    delivering: 0,
    cleaning: 0,
    completed: 0,
    suspended: 0,
    failed: 0,
    skipped: 0,
  };
  let reports = 0;
  let total = 0;
  for (const [state, count] of await ledger.counts()) {
    files[state] += count.files;
    total += count.files;
    reports += count.reports;
  }
  for (const file of roster) {
    const state = engine.stateOf(file);
    if (file.record.state !== 'discovered' || state === 'discovered' || files.discovered === 0) continue;
    files.discovered -= 1;
    files[state] += 1;
  }
  return { files, total, reports, pending: pending.size, working: engine.dispatcher.working };
}

/** Counts what a run does, and tells it while it goes on. */
import type { PurgeReason, SparedBecause } from './may-purge.js';
import type { Candidate } from './purge-catalog.js';
import type { PurgeStatistics, RetentionEvents, SkippedEntry } from './types.js';

/** How many spared entries are named. */
export const MAX_SKIPPED = 1_000;

type Notify = <K extends keyof RetentionEvents>(event: K, payload: RetentionEvents[K]) => void;

export class Statistics {
  readonly #notify: Notify;
  readonly #byReason: PurgeStatistics['byReason'] = {};
  readonly #skipped: SkippedEntry[] = [];
  #skippedCount = 0;
  #untold: SkippedEntry[] = [];
  #archivesPurged = 0;
  #bytesFreed = 0;

  constructor(notify: Notify) {
    this.#notify = notify;
  }

  purged(converterName: string, reason: PurgeReason, entries: readonly Candidate[], removedAt: number): void {
    if (entries.length === 0) return;
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    const before = this.#byReason[reason] ?? { archives: 0, bytes: 0 };
    this.#byReason[reason] = { archives: before.archives + entries.length, bytes: before.bytes + bytes };
    this.#archivesPurged += entries.length;
    const archiveIds = entries.map(entry => entry.archiveId);
    this.#notify('purged', { converterName, reason, archiveIds, bytes, removedAt: new Date(removedAt) });
  }

  freed(bytes: number): void {
    this.#bytesFreed += bytes;
  }

  spared(archiveId: string, reason: SparedBecause): void {
    this.#skippedCount += 1;
    const entry = { archiveId, reason };
    if (this.#skipped.length < MAX_SKIPPED) this.#skipped.push(entry);
    this.#untold.push(entry);
    if (this.#untold.length >= MAX_SKIPPED) this.#tell();
  }

  /** What it came to. */
  end(rest: Pick<PurgeStatistics, 'bytesPending' | 'agePaused' | 'complete' | 'durationMs'>): PurgeStatistics {
    this.#tell();
    return {
      archivesPurged: this.#archivesPurged,
      bytesFreed: this.#bytesFreed,
      byReason: this.#byReason,
      skipped: this.#skipped,
      skippedCount: this.#skippedCount,
      ...rest,
    };
  }

  #tell(): void {
    if (this.#untold.length > 0) this.#notify('skipped', { skipped: this.#untold });
    this.#untold = [];
  }
}

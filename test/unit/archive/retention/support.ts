/** An archive in memory, as far as retention asks for it. */
import type { RetentionEntry } from '../../../../src/archive/retention/may-purge.js';
import type { RetentionSource } from '../../../../src/archive/retention/plan.js';

export const DAY_MS = 86_400_000;
export const NOW = Date.UTC(2026, 11, 31);

export function entry(fields: Partial<RetentionEntry> & { archiveId: string }): RetentionEntry {
  return {
    row: 0,
    converterName: 'csv',
    archivedAt: NOW,
    bytes: 1_000,
    status: 'success',
    deliveredAt: NOW,
    pinned: false,
    held: false,
    ...fields,
  };
}

/** Answers as the catalog does, from entries in any order. */
export class MemorySource implements RetentionSource {
  entries: RetentionEntry[];
  readonly used = new Set<string>();
  /** The most entries that one answer had. */
  largestPage = 0;

  constructor(entries: readonly RetentionEntry[]) {
    const oldest = [...entries].sort((a, b) => a.archivedAt - b.archivedAt || (a.archiveId < b.archiveId ? -1 : 1));
    this.entries = oldest.map((one, row) => ({ ...one, row }));
  }

  async totals() {
    const totals = new Map<string, { converterName: string; entries: number; bytes: number }>();
    for (const { converterName, bytes } of this.entries) {
      const sum = totals.get(converterName) ?? { converterName, entries: 0, bytes: 0 };
      totals.set(converterName, { converterName, entries: sum.entries + 1, bytes: sum.bytes + bytes });
    }
    return [...totals.values()];
  }

  async oldest({ converterName, after, limit }: { converterName?: string; after?: number; limit: number }) {
    const page: RetentionEntry[] = [];
    for (
      let index = after === undefined ? 0 : this.#firstAfter(after);
      index < this.entries.length && page.length < limit;
      index++
    ) {
      const one = this.entries[index] as RetentionEntry;
      if (converterName === undefined || one.converterName === converterName) page.push(one);
    }
    this.largestPage = Math.max(this.largestPage, page.length);
    return page;
  }

  async nthNewest(converterName: string, count: number) {
    return this.entries.filter(one => one.converterName === converterName).at(-count)?.row;
  }

  inUse(row: number): boolean {
    return this.used.has((this.entries[this.#firstAfter(row - 1)] as RetentionEntry).archiveId);
  }

  #firstAfter(row: number): number {
    let low = 0;
    for (let high = this.entries.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((this.entries[middle] as RetentionEntry).row <= row) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Sums up the differences of many entries: which changes there are, and how often. */
import type { DifferenceSummary, EntryComparison } from './types.js';

/** How many changes are told apart. */
const MAX_CHANGES = 1_000;
const MAX_EXAMPLES = 5;

export class DifferenceSum {
  readonly #changes = new Map<string, DifferenceSummary>();

  add({ archiveId, differences }: EntryComparison): void {
    const counted = new Set<string>();
    for (const { kind, commonPath, concerns, ...values } of differences) {
      const key = `${kind} ${commonPath}`;
      const change = this.#changes.get(key) ?? this.#begin(key, { kind, path: commonPath, concerns, ...pick(values) });
      if (!change) continue;
      change.count += 1;
      if (counted.has(key)) continue;
      counted.add(key);
      change.entries += 1;
      if (change.examples.length < MAX_EXAMPLES) change.examples.push(archiveId);
    }
  }

  /** The most frequent first. */
  get changes(): DifferenceSummary[] {
    return [...this.#changes.values()].sort((a, b) => b.entries - a.entries || (a.path < b.path ? -1 : 1));
  }

  #begin(
    key: string,
    change: Omit<DifferenceSummary, 'entries' | 'count' | 'examples'>,
  ): DifferenceSummary | undefined {
    if (this.#changes.size >= MAX_CHANGES) return undefined;
    const begun = { ...change, entries: 0, count: 0, examples: [] };
    this.#changes.set(key, begun);
    return begun;
  }
}

function pick(values: { before?: unknown; after?: unknown }): { before?: unknown; after?: unknown } {
  return {
    ...('before' in values ? { before: values.before } : {}),
    ...('after' in values ? { after: values.after } : {}),
  };
}

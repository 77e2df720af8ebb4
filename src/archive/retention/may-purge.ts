/** The one rule that stands between an entry and its removal: whatever wants to purge asks here, and nothing else decides. */

/** Which rule wants an entry gone; stands in `purge_history`. */
export type PurgeReason = 'retention_days' | 'max_size_gb' | 'min_free_bytes' | 'manual';

/** What retention needs to know of an archived source. */
export interface RetentionEntry {
  /** Its place in the order of age: ascending with the time at which sources were received. */
  readonly row: number;
  readonly archiveId: string;
  /** When the source was received, in epoch ms by the station's clock; never the file's own mtime. */
  readonly archivedAt: number;
  readonly converterName: string;
  /** What its blobs take, compressed. */
  readonly bytes: number;
  /** What the conversion came to; null while that is not known. */
  readonly status: string | null;
  /** When the server had accepted all its reports, in epoch ms. */
  readonly deliveredAt: number | null;
  /** Somebody pinned it. */
  readonly pinned: boolean;
  /** A legal hold covers it. */
  readonly held: boolean;
}

/** What the rule has to know beside the entry. */
export interface PurgeFacts {
  readonly reason: PurgeReason;
  /** It is older than its policy keeps entries, by a clock that can be trusted. */
  readonly expired: boolean;
  /** A replay, a restore or a verification reads it now. */
  readonly inUse: boolean;
}

/** Why an entry stays although a rule wants it gone. */
export type SparedBecause = 'undelivered' | 'too_young' | 'pinned' | 'held' | 'in_use';

/** Whether an entry may be purged, and if not, why. */
export type PurgeVerdict = { readonly allowed: true } | { readonly allowed: false; readonly because: SparedBecause };

/** Ends of a conversion from which nothing is to be delivered. */
const NOTHING_TO_DELIVER: ReadonlySet<string | null> = new Set(['failed', 'skipped', 'rejected']);
const ALLOWED: PurgeVerdict = { allowed: true };

/**
 * Whether an entry may be purged.
 *
 * Never one whose delivery is not proven: `deliveredAt` must be set, or there must be nothing to deliver (`failed`,
 * `skipped`, `rejected`) and the entry must be older than its policy keeps entries, whichever rule asks. Never one that
 * is pinned, under a legal hold, or in use.
 */
export function mayPurge(entry: RetentionEntry, facts: PurgeFacts): PurgeVerdict {
  if (entry.held) return { allowed: false, because: 'held' };
  if (entry.pinned) return { allowed: false, because: 'pinned' };
  if (facts.inUse) return { allowed: false, because: 'in_use' };
  if (entry.deliveredAt !== null) return ALLOWED;
  if (!NOTHING_TO_DELIVER.has(entry.status)) return { allowed: false, because: 'undelivered' };
  return facts.expired ? ALLOWED : { allowed: false, because: 'too_young' };
}

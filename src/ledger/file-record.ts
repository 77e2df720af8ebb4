/** One file generation as the ledger knows it: the same name with new content is a new generation, with a row of its own. */
import type { FileIdentity } from '../files/identity.js';

/**
 * Where a file is in its life; see the architecture guide. `growing`, `waiting`, `ready`, `waiting_for_network` and `queued` are known in memory
 * and stand as `discovered` on the disk: after a restart the folders tell them anew.
 */
export type FileState =
  | 'discovered'
  | 'growing'
  | 'waiting'
  | 'ready'
  | 'waiting_for_network'
  | 'queued'
  | 'processing'
  | 'delivering'
  | 'cleaning'
  | 'completed'
  | 'suspended'
  | 'failed'
  | 'skipped';

/** What is still to be done to a source. It stands in the ledger until it is done, so that a restart goes on with it. */
export type Cleanup = 'delete' | 'move' | 'zip' | 'keep' | 'archive' | 'error' | 'pending';

/** Where one report of a file is. `unsent`: one before it was refused. */
export type ReportState = 'queued' | 'delivered' | 'refused' | 'unsent';

/** A row of the ledger. */
export interface FileRecord extends FileIdentity {
  /** Ascending in the order in which files were first seen, whatever the clock said. Never used twice. */
  readonly id: number;
  /** The watch folder. */
  readonly root: string;
  /** The path below it, with `/`. */
  readonly path: string;
  readonly state: FileState;
  /** SHA-256 in hex, once it was read: of the content; of the set where it is several files; of the key that a pulled item was given. */
  readonly sha256: string | null;
  /** 0, or how many times the same content was delivered before on purpose (`duplicates: 'deliver'`). */
  readonly occurrence: number;
  /** When it was first seen, in epoch ms by the station's clock. */
  readonly firstSeenAt: number;
  /**
   * The same in ms on the ledger's own clock, which nobody sets: it goes on from its last value when a pool starts, and
   * never back. `null` in a row of a version that did not have it.
   */
  readonly firstSeenMonotonicMs: number | null;
  /** Attempts at converting it, each counted before the converter ran. */
  readonly attempts: number;
  readonly converter: string | null;
  readonly converterVersion: string | null;
  /** A checksum of the converter's arguments. */
  readonly parameters: string | null;
  /** How many reports were made from it. */
  readonly reports: number;
  /** The key that each report was sent under, in order; for ever the same for the same content, converter and occurrence. */
  readonly idempotencyKeys: readonly string[];
  /** What the server called the reports, in order; null where it said nothing or has not answered yet. */
  readonly serverIds: readonly (string | null)[];
  readonly archiveId: string | null;
  /** Why it is where it is, in one sentence. */
  readonly reason: string | null;
  /** The error code, where it failed. */
  readonly code: string | null;
  /** A suspended file is taken up again at this time, in epoch ms. */
  readonly notBefore: number | null;
  readonly cleanup: Cleanup | null;
  /** Where the source is, when it is no longer under its own path: absolute. */
  readonly location: string | null;
  /** The row of an earlier generation that turned out to have been half of this one. */
  readonly supersedes: number | null;
  /** It stays in the watch folder (KEEP), so the row must stay, too. */
  readonly kept: boolean;
  readonly updatedAt: number;
  readonly completedAt: number | null;
}

/** The converter that a file is claimed for. */
export interface ConverterIdentity {
  name: string;
  version: string;
  /** A checksum of its arguments. */
  parameters: string;
}

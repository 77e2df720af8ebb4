/** What the parts of a pool share. */
import type { Clock } from '../clock.js';
import type { FileSystem } from '../files/file-system.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Logger } from '../observe/logger.js';
import type { KnownSecrets } from '../observe/secrets.js';
import type { PendingQueue } from '../pending/index.js';
import type { ActiveFile } from './active-file.js';
import type { ConverterRegistry } from './converter-registry.js';
import type { FileEvent, PoolEvents } from './pool-events.js';
import type { Roster } from './roster.js';

export interface PoolContext {
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What must appear in no log line, `.error` file or answer. */
  readonly secrets: KnownSecrets;
  readonly ledger: Ledger;
  readonly pending: PendingQueue;
  readonly roster: Roster;
  readonly registry: ConverterRegistry;
  readonly stationName: string;
  /** Aborts when the pool has to stop at once. */
  readonly signal: AbortSignal;
  notify<K extends keyof PoolEvents>(event: K, payload: PoolEvents[K]): void;
}

/** What every event about a file says. */
export function about(file: ActiveFile): FileEvent {
  return { path: file.path, converter: file.entry.converter.name, correlationId: file.correlationId };
}

/** How many attempts a file has in all. */
export function maxAttempts(file: ActiveFile): number {
  return file.entry.maxRetries + 1;
}

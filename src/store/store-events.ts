/** What a store tells about itself. */
import type { ErrorEvent } from '../observe/emitter.js';

export interface StoreEvents {
  /** Trouble that no caller could be told of: a checkpoint that failed, a statement that SQL refused after it was durable. */
  error: ErrorEvent;
  /** The last write before a crash was not complete. It had not been acknowledged; it was cut off. */
  tornTail: { file: string; bytes: number };
  /** A file was damaged. What was readable is kept, the damaged file lies at `movedTo`. */
  damaged: {
    file: string;
    movedTo: string;
    /** How many acknowledged writes are lost, where that can be known; at least this many. */
    lostRecords?: number;
    message: string;
  };
  /** The thread that runs SQL had died. It was started anew and has caught up. */
  workerRestarted: { reason: Error };
  /** A snapshot was written. */
  checkpointed: { bytes: number; durationMs: number };
}

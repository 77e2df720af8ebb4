/** What replays tell while they run, and the way from their results to their events. */
import type { ErrorEvent } from '../../observe/emitter.js';
import type { EntryComparison, ReplayComparison, ReplayedSource, ReplayProgress, ReplayResult } from './types.js';

/** What all events about one archived source say. */
export interface ReplayEvent {
  converterName: string;
  archiveId: string;
  /** The one that the converter had in its context: the archive id. */
  correlationId: string;
}

/** Events of a `ReprocessingEngine`. */
export interface ReprocessingEvents {
  /** `reprocessRange()` begins, or goes on with a run: `processed` are done already. */
  started: { converterName: string; total: number; processed: number; submit: boolean };
  /** One more entry of a range is done, in `reprocessRange()` or `compare()`. */
  progress: ReplayProgress & { converterName: string };
  /** An archived source was converted again. */
  converted: ReplayEvent & Pick<ReplayedSource, 'version' | 'reports' | 'submitted' | 'durationMs'>;
  /** An archived source could not be converted again. The others go on. */
  failed: ReplayEvent & { version: string; error: Error };
  /** An archived source was not converted: its content is purged, or the converter skipped, suspended or rejected it. */
  skipped: ReplayEvent & { version: string; reason: string; purged: boolean };
  /** `reprocessRange()` came to its end, or was aborted: then `complete` is false. */
  completed: ReplayResult & { converterName: string };
  /** `compare()` found an entry whose reports differ. */
  differed: ReplayEvent & Pick<EntryComparison, 'serialNumber' | 'differences'>;
  /** `compare()` came to its end, or was aborted: then `complete` is false. */
  compared: ReplayComparison & { converterName: string };
  /** Trouble that no caller could be told of. */
  error: ErrorEvent;
}

/** Who tells them. */
export type Tell = <K extends keyof ReprocessingEvents>(event: K, payload: ReprocessingEvents[K]) => void;

/** Tells what became of one source. */
export function tellReplayed(tell: Tell, converterName: string, replayed: ReplayedSource): void {
  const { archiveId, status, version, reports, submitted, durationMs } = replayed;
  const of = { converterName, archiveId, correlationId: archiveId, version };
  if (status === 'success') tell('converted', { ...of, reports, submitted, durationMs });
  else if (replayed.error) tell('failed', { ...of, error: replayed.error });
  else tell('skipped', { ...of, reason: replayed.reason ?? '', purged: status === 'purged' });
}

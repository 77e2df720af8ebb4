/**
 * Repeated warnings in one line with a count: an offline night says the same thing for each file, and would bury the one
 * line that matters. Errors and what went well are never held back.
 */
import type { Clock, Timer } from '../clock.js';
import type { LogFields, Logger } from './logger.js';

/** For how long a warning that was written stands for those like it, in ms. */
const WINDOW_MS = 60_000;
/** So many different warnings are remembered; then all are written out, and counting begins anew. */
const MAX_KINDS = 500;

interface Kind {
  /** What was suppressed since the line was written. */
  repeated: number;
  fields: LogFields;
  message: string;
}

/** A {@link Logger} that collapses warnings. */
export interface CollapsingLogger extends Logger {
  /** Writes what is held back now. */
  flush(): void;
}

/**
 * The first warning of a kind is written at once; those like it within the minute are counted, and the last of them is
 * written with `repeated` when the minute is over. Two are alike when they have the same code (else the same message),
 * converter and folder.
 */
export function collapsingLogger(logger: Logger, clock: Clock): CollapsingLogger {
  const kinds = new Map<string, Kind>();
  let timer: Timer | undefined;

  const flush = (): void => {
    if (timer) clock.clearTimeout(timer);
    timer = undefined;
    for (const { repeated, fields, message } of kinds.values()) {
      if (repeated > 0) logger.warn({ ...fields, repeated }, message);
    }
    kinds.clear();
  };

  const warn = (fields: LogFields, message: string): void => {
    if (logger.isLevelEnabled?.('warn') === false) return;
    // A file that somebody took away is worth its own name: nobody will see it again.
    const file = fields.event === 'vanished' ? fields.file : undefined;
    const key = JSON.stringify([fields.code ?? message, fields.event, fields.converter, fields.folder, file]);
    const kind = kinds.get(key);
    if (kind) {
      Object.assign(kind, { fields, message, repeated: kind.repeated + 1 });
      return;
    }
    if (kinds.size >= MAX_KINDS) flush();
    kinds.set(key, { repeated: 0, fields, message });
    logger.warn(fields, message);
    if (timer) return;
    timer = clock.setTimeout(flush, WINDOW_MS);
    timer.unref();
  };

  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn,
    error: (fields, message) => logger.error(fields, message),
    ...(logger.isLevelEnabled ? { isLevelEnabled: level => logger.isLevelEnabled?.(level) !== false } : {}),
    flush,
  };
}

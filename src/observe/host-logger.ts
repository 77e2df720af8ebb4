/** The host's logger as the library writes to it: without secrets, and without the same warning a thousand times. */
import type { Clock } from '../clock.js';
import { type CollapsingLogger, collapsingLogger } from './collapse.js';
import { type Logger, silentLogger } from './logger.js';
import { type Hide, redactingLogger } from './secrets.js';

const made = new WeakSet<Logger>();
/** Lines for it are not even made. */
const SILENT: HostLogger = { ...silentLogger, isLevelEnabled: () => false, flush: () => undefined };

/**
 * Wraps what the host gave, once, however many parts it is handed to.
 * @param hide Hides the secrets that are known, and what looks like one.
 */
export function hostLogger(given: Logger | undefined, clock: Clock, hide: Hide): HostLogger {
  const logger = given ?? silentLogger;
  if (logger === silentLogger) return SILENT;
  if (made.has(logger)) return logger as HostLogger;
  const wrapped = collapsingLogger(redactingLogger(logger, hide), clock);
  made.add(wrapped);
  return wrapped;
}

/** What {@link hostLogger} makes. */
export type HostLogger = CollapsingLogger;

/** The logger that the library writes to: pino's call shape, silent unless the host gives one. */

/** Fields of one log line, such as `{ file, converter, attempt, correlationId }`. */
export type LogFields = Record<string, unknown>;

/** How grave a log line is; see {@link Logger}. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A logger in pino's call shape. `pino()` and `console` both fit. */
export interface Logger {
  /** Steps, for whoever looks for a fault in the library. */
  debug(fields: LogFields, message: string): void;
  /** What happened as it should. */
  info(fields: LogFields, message: string): void;
  /** Trouble that passes or was handled by itself. */
  warn(fields: LogFields, message: string): void;
  /** Trouble that somebody has to look at. */
  error(fields: LogFields, message: string): void;
  /** pino's: lines of a level that is off are not even made. */
  isLevelEnabled?(level: string): boolean;
}

const ignore = (): void => undefined;

/** Says nothing. The default everywhere. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

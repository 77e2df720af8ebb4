/** The logger that the library writes to: pino's call shape, silent unless the host gives one. */

/** Fields of one log line, such as `{ file, converter, attempt, correlationId }`. */
export type LogFields = Record<string, unknown>;

/** A logger in pino's call shape. `pino()` and `console` both fit. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

const ignore = (): void => undefined;

/** Says nothing. The default everywhere. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** A logger that is decided on later: a part that was given none writes to that of the pool which takes it over. */
import { type LogFields, type Logger, silentLogger } from './logger.js';

/** Silent until {@link LateLogger.become}. */
export class LateLogger implements Logger {
  #target: Logger = silentLogger;

  become(target: Logger): void {
    this.#target = target;
  }

  debug(fields: LogFields, message: string): void {
    this.#target.debug(fields, message);
  }

  info(fields: LogFields, message: string): void {
    this.#target.info(fields, message);
  }

  warn(fields: LogFields, message: string): void {
    this.#target.warn(fields, message);
  }

  error(fields: LogFields, message: string): void {
    this.#target.error(fields, message);
  }

  isLevelEnabled(level: string): boolean {
    if (this.#target === silentLogger) return false;
    return this.#target.isLevelEnabled?.(level) ?? true;
  }
}

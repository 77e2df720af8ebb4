/** Log lines that are made from events, by a table for each class: what is told is logged, in one place and in one form. */
import type { LogFields, Logger, LogLevel } from './logger.js';

/** How one event is logged. */
export interface EventLine<Payload> {
  level: LogLevel | ((payload: Payload) => LogLevel);
  /** The same for every event of its kind: what differs is in the fields. */
  message: string | ((payload: Payload) => string);
  fields: (payload: Payload) => LogFields;
}

/** Which events of a class are logged, and how. */
export type EventLines<Events> = { readonly [K in keyof Events]?: EventLine<Events[K]> };

/** Writes the line of an event, if it has one. @param more Fields that every line of this emitter has. */
export function logEvent<Payload>(
  logger: Logger,
  event: string,
  line: EventLine<Payload> | undefined,
  payload: Payload,
  more: () => LogFields,
): void {
  if (!line) return;
  const level = typeof line.level === 'function' ? line.level(payload) : line.level;
  if (logger.isLevelEnabled?.(level) === false) return;
  const message = typeof line.message === 'function' ? line.message(payload) : line.message;
  logger[level]({ event, ...line.fields(payload), ...more() }, message);
}

/** Typed events whose listeners can neither stop the library nor hide from it: what a listener throws is reported. */
import { EventEmitter } from 'node:events';
import { MillraceError, toError } from '../errors.js';
import { publish } from './channels.js';
import { type EventLines, logEvent } from './event-lines.js';
import { LateLogger } from './late-logger.js';
import { type LogFields, type Logger, silentLogger } from './logger.js';

/** The payload of every class's `error` event: trouble in the background that no caller could be told of. */
export interface ErrorEvent {
  error: Error;
  /** The file, report or folder that it concerns, where there is one. */
  path?: string;
  correlationId?: string;
}

/** Makes Node's emitter typing from a map of event name to the one payload object that the event carries. */
export type EmitterMap<T> = { [K in keyof T]: [payload: T[K]] };

/** How else the events of a class are told, beside its listeners. */
export interface Telling<T> {
  /** The part of the names of its diagnostics channels: `millrace:{subject}:{event}`. */
  subject?: string;
  /** The log lines of its events. */
  lines?: EventLines<T>;
}

/**
 * An `EventEmitter` with a typed event map.
 *
 * Each listener is called on its own: one that throws, or whose promise rejects, is reported as `error`
 * (`LISTENER_FAILED`) and the others are called all the same. `error` without a listener goes to the logger and
 * never ends the process.
 */
export abstract class SafeEmitter<T extends { error: ErrorEvent }> extends EventEmitter<EmitterMap<T>> {
  protected readonly logger: Logger;
  readonly #telling: Telling<T>;

  constructor(logger: Logger = silentLogger, telling: Telling<T> = {}) {
    super();
    this.logger = logger;
    this.#telling = telling;
  }

  /** Where this was given no logger of its own, it writes to this one from now on: that of the pool which uses it. */
  logTo(logger: Logger): void {
    if (this.logger instanceof LateLogger) this.logger.become(logger);
  }

  /** Tells all listeners. Use this instead of `emit`, which lets a throwing listener through. */
  protected notify<K extends keyof T & string>(event: K, payload: T[K]): void {
    const { subject, lines } = this.#telling;
    if (subject !== undefined) publish(subject, this, event, payload);
    const line = lines?.[event];
    logEvent(this.logger, event, line, payload, () => this.logFields());
    const listeners = this.rawListeners(event as never);
    for (const listener of listeners) {
      try {
        const result: unknown = Reflect.apply(listener, this, [payload]);
        if (result instanceof Promise) result.catch((thrown: unknown) => this.#report(event, thrown));
      } catch (thrown) {
        this.#report(event, thrown);
      }
    }
    if (listeners.length === 0 && event === 'error' && !line) this.#log(payload as ErrorEvent);
  }

  /** Fields that every log line of this emitter's events has. */
  protected logFields(): LogFields {
    return {};
  }

  #report(event: string, thrown: unknown): void {
    const error = new MillraceError('LISTENER_FAILED', `A listener of '${event}' failed: ${toError(thrown).message}`, {
      cause: thrown,
    });
    // A failing listener of 'error' must not be told of its own failure for ever.
    if (event === 'error') this.#log({ error });
    else this.notify('error', { error } as T['error']);
  }

  #log(payload: ErrorEvent): void {
    logEvent(this.logger, 'error', ERROR_LINE, payload, () => ({}));
  }
}

/** How an `error` event is logged. */
export const ERROR_LINE = {
  level: 'error',
  message: ({ error }: ErrorEvent) => error.message,
  fields: ({ error, path, correlationId }: ErrorEvent) => ({
    err: error,
    code: (error as Partial<MillraceError>).code,
    ...(path === undefined ? {} : { file: path }),
    ...(correlationId === undefined ? {} : { correlationId }),
  }),
} as const;

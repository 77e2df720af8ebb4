/** What users subclass to pull from a database or an API at given times, in place of watching a folder. */
import type { Logger } from '../observe/logger.js';
import { ConverterBase } from './converter-base.js';

/** When is pulled: every so many ms from the start of one run to that of the next, or at the times of a cron pattern. */
export type Schedule =
  | {
      /** At least 10. The first run is at once. */
      readonly everyMs: number;
    }
  | {
      /** Five fields, or six with seconds first, or a nickname such as `@hourly`. The first run is at the first such time. */
      readonly cron: string;
      /** An IANA name such as `Europe/Oslo`. Default: that of the machine. */
      readonly timeZone?: string;
    };

/** Something that was pulled; one source, which `convert()` is given. */
export interface PulledItem {
  /** An object becomes JSON. `source.text()` and `source.bytes()` give it to `convert()`. */
  readonly content: object | string | Uint8Array;
  /**
   * What tells it from every other item of this converter, such as an order number: 1 to 500 characters. Idempotency keys are made
   * with it, and an item of this key is taken once. Default: its content.
   */
  readonly key?: string;
  /** Plain JSON that the next run is given once this item is durable: where it goes on. */
  readonly cursor?: unknown;
}

/** What a pull is told. */
export interface PullContext<TArguments = Record<string, unknown>> {
  /** The converter's own arguments, with those of the pool's configuration over them. */
  readonly arguments: TArguments;
  readonly logger: Logger;
  /** Aborts when the pool stops, and when nothing came for `timeoutMs`. */
  readonly signal: AbortSignal;
  /** The station's name, from the pool's options. */
  readonly stationName: string;
  /** The `cursor` of the last item that became durable, over restarts; `undefined` before there was one. */
  readonly cursor: unknown;
  /** When the last run that succeeded was begun; `undefined` before there was one. */
  readonly lastRunAt: Date | undefined;
}

/** What `pull()` may return: items, or an iterable of them. With an async generator, memory stays bounded. */
export type Pulled = readonly PulledItem[] | Iterable<PulledItem> | AsyncIterable<PulledItem>;

/**
 * Pulls items at given times; each becomes a source of its own, with a row in the ledger, attempts, reports and clean-up as a
 * file has. An item is written to `{dataDir}/pulled` before it counts as pulled. One run at a time: a run that is
 * due while one runs, or was missed while the machine slept or the pool was stopped, is made up for once. A run that
 * fails is repeated after `retryDelayMs`, doubled each time up to an hour.
 *
 * @typeParam TReport What a report is: any JSON-serialisable object.
 * @typeParam TArguments What the converter can be configured with.
 */
export abstract class ScheduledConverter<
  TReport extends object = object,
  TArguments extends object = Record<string, unknown>,
> extends ConverterBase<TReport, TArguments> {
  /** Not used: what was pulled is its. */
  override readonly supportedExtensions: readonly string[] = [];
  /** When is pulled; the pool's options may say otherwise. */
  abstract readonly schedule: Schedule;

  /** Gets what is new. It may give an item that it gave before: one of the same key, or else content, is taken once. */
  abstract pull(context: PullContext<TArguments>): Pulled | Promise<Pulled>;

  /** Called when these items are durable, before the next ones are asked for: tell the source that they were taken. What it throws ends the run. */
  onPulled?(items: readonly PulledItem[], context: PullContext<TArguments>): void | Promise<void>;

  override matchesFile(): boolean {
    return true;
  }
}

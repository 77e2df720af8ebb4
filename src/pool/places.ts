/** The folders that a converter's files need to go on. While one is away its files wait, and one probe looks for all of them. */
import type { Clock, Timer } from '../clock.js';
import { MillraceError, systemCode, toError } from '../errors.js';
import type { FileSystem } from '../files/file-system.js';
import { makeFolder } from '../files/place.js';
import type { ConverterEntry } from './converter-entry.js';

/** What a share or a disk says when it is away, or full. */
const PLACE_CODES = new Set([
  'ENOENT',
  'ENOTDIR',
  'EIO',
  'ENXIO',
  'ENODEV',
  'ESTALE',
  'ENOTCONN',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'EACCES',
  'EPERM',
  'UNKNOWN',
]);
/** A dead share can hang for minutes; nobody waits longer than this for an answer. */
const PROBE_TIMEOUT_MS = 5_000;

export interface PlacesOptions {
  fs: FileSystem;
  clock: Clock;
  probeIntervalMs: number;
  /** Every place of this converter can be reached again. */
  onBack: (entry: ConverterEntry) => void;
  onAway: (entry: ConverterEntry, error: Error) => void;
}

/** Knows which converters' folders are away. */
export class Places {
  readonly #options: PlacesOptions;
  readonly #away = new Map<ConverterEntry, Error>();
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** Why the converter's files have to wait, where they have to. */
  reason(entry: ConverterEntry): string | undefined {
    return this.#away.get(entry)?.message;
  }

  /** Looks whether all folders of a converter can be had, creating those that are missing. Never takes longer than 5 s. */
  async check(entry: ConverterEntry): Promise<void> {
    try {
      await this.#withTimeout(this.#reach(entry));
      if (this.#away.delete(entry)) this.#options.onBack(entry);
    } catch (thrown) {
      this.#lost(entry, toError(thrown));
    }
  }

  /** A file operation for this converter failed: perhaps because a place is away. */
  suspect(entry: ConverterEntry, error: Error): void {
    if (PLACE_CODES.has(systemCode(error) ?? systemCode(error.cause) ?? '')) void this.check(entry);
  }

  /** A converter left the pool: its folders are not looked for any more, unless one of its files still needs them. */
  forget(entry: ConverterEntry): void {
    this.#away.delete(entry);
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) this.#options.clock.clearTimeout(this.#timer);
  }

  async #reach(entry: ConverterEntry): Promise<void> {
    const { fs } = this.#options;
    const folders = [
      entry.errorFolder,
      ...(entry.postProcess === 'move' || entry.postProcess === 'zip' ? [entry.doneFolder] : []),
    ];
    for (const folder of folders) await makeFolder(fs, folder);
  }

  async #withTimeout(task: Promise<void>): Promise<void> {
    const { clock } = this.#options;
    let timer: Timer | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = clock.setTimeout(() => {
        reject(new MillraceError('FOLDER_MISSING', `no answer within ${PROBE_TIMEOUT_MS} ms`));
      }, PROBE_TIMEOUT_MS);
    });
    try {
      await Promise.race([task, timeout]);
    } finally {
      if (timer) clock.clearTimeout(timer);
    }
  }

  #lost(entry: ConverterEntry, cause: Error): void {
    if (this.#closed) return;
    const { clock, probeIntervalMs, onAway } = this.#options;
    if (!this.#away.has(entry)) {
      const error = new MillraceError(
        'FOLDER_MISSING',
        `A folder of '${entry.converter.name}' cannot be reached: ${cause.message}`,
        { cause },
      );
      this.#away.set(entry, error);
      onAway(entry, error);
    }
    if (this.#timer) return;
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined;
      for (const away of [...this.#away.keys()]) void this.check(away);
    }, probeIntervalMs);
    this.#timer.unref();
  }
}

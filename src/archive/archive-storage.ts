/** Keeps every original and its reports, finds them again, and proves that they are what they were. */
import { join, resolve } from 'node:path';
import pLimit from 'p-limit';
import { systemClock } from '../clock.js';
import { ArchiveError, toError } from '../errors.js';
import { type DirectoryLock, lockDirectory } from '../files/directory-lock.js';
import { nodeFileSystem, PRIVATE_FOLDER } from '../files/file-system.js';
import { KeyedLock } from '../keyed-lock.js';
import { hostLogger } from '../observe/host-logger.js';
import { LateLogger } from '../observe/late-logger.js';
import { hidePatterns } from '../observe/secrets.js';
import type { ArchiveContext, ArchiveTraffic } from './archive-context.js';
import { ARCHIVE_LINES } from './archive-lines.js';
import { type ArchiveOptions, checkOptions } from './archive-options.js';
import { ArchiveReadings } from './archive-readings.js';
import { archiveError, draftOf, storeDraft } from './archive-source.js';
import { BlobStore } from './blobs/blob-store.js';
import { Catalog } from './catalog/catalog.js';
import { archiveReport, updateConversion } from './conversion.js';
import { hasBlobs } from './integrity/blob-files.js';
import { type RebuildOptions, type RebuildResult, rebuild } from './integrity/rebuild.js';
import type { Belief } from './integrity/replay-changes.js';
import { shareInternals } from './internals.js';
import { Keeping } from './keeping.js';
import { recoverLeftovers } from './recovery.js';
import { restoreSource } from './restore.js';
import type { ArchiveInput, ConversionFacts, SourceFacts } from './types.js';

/** So many sources are read and compressed at once; more wait their turn. */
const AT_ONCE = 32;

/**
 * An archive of originals: compressed files by day, and a catalog (`metadata.db`) that finds them in milliseconds.
 *
 * It opens itself at the first use. What a method has acknowledged survives `kill -9` and power loss. See the archive
 * guide.
 */
export class ArchiveStorage extends ArchiveReadings {
  /** The archive's folder, absolute. */
  readonly directory: string;
  readonly #context: ArchiveContext;
  readonly #keeping: Keeping;
  readonly #onLocked: 'fail' | 'wait';
  readonly #turns = pLimit(AT_ONCE);
  readonly #abort = new AbortController();
  /** The catalog turned out to be damaged while it was opened. */
  #damaged = false;
  #isOpen = false;
  #lock: DirectoryLock | undefined;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** @throws ConfigError naming every problem of the options at once. */
  constructor(options: ArchiveOptions) {
    const logger = options.logger ? hostLogger(options.logger, options.clock ?? systemClock, hidePatterns) : undefined;
    super(logger ?? new LateLogger(), { subject: 'archive', lines: ARCHIVE_LINES });
    checkOptions(options);
    this.directory = resolve(options.directory);
    this.#onLocked = options.onLocked ?? 'fail';
    const fs = options.fs ?? nodeFileSystem;
    const clock = options.clock ?? systemClock;
    const { directory } = this;
    this.#context = {
      fs,
      clock,
      logger: this.logger,
      catalog: new Catalog({ directory, fs, clock, logger: this.logger }, error => this.notify('error', { error })),
      blobs: new BlobStore(fs, directory, this.logger),
      level: options.compressionLevel ?? 6,
      levels: new Map(),
      deduplicate: options.deduplicate ?? true,
      contents: new KeyedLock(),
      leases: new Map(),
      traffic: { writtenBytes: 0, purgedBytes: 0 },
      notify: this.notify.bind(this) as ArchiveContext['notify'],
    };
    this.#keeping = new Keeping(this.#context);
    shareInternals(this, async () => {
      await this.open();
      return { context: this.#context, keeping: this.#keeping };
    });
    const { store } = this.#context.catalog;
    store.on('error', payload => this.notify('error', payload));
    store.on('damaged', ({ file, movedTo, message }) => {
      this.notify('damaged', { file, movedTo, message });
      if (this.#isOpen) this.#inBackground(this.#rebuild({}, 'damaged'));
      else this.#damaged = true;
    });
  }

  /** What went in and out since the process began. */
  get traffic(): Readonly<ArchiveTraffic> {
    return this.#context.traffic;
  }

  /**
   * Takes the folder and finishes what a crash left half-way. Every other method does it by itself.
   * @throws StoreError `STORE_LOCKED` when another process owns the folder; ArchiveError when it cannot be used.
   */
  open(): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(new ArchiveError('ARCHIVE_CLOSED', 'The archive is closed'));
    this.#opening ??= this.#open().catch((error: unknown) => {
      // Next time it may be there: a share that was away, a lock that was held.
      this.#opening = undefined;
      throw archiveError(`The archive ${this.directory} could not be opened`, error);
    });
    return this.#opening;
  }

  /**
   * Archives a source: read once, compressed, on the disk under its name and in the catalog when the promise resolves.
   * @param source A path; a stream with the path that it came from; or a converter's source, folders among them.
   * @returns The archive id.
   * @throws ArchiveError `ARCHIVE_FAILED` when it could not be kept: nothing of it is there then. MillraceError
   * `SOURCE_CHANGED` when the file changed meanwhile; Node's own errors when it cannot be read.
   */
  async archiveSource(source: ArchiveInput, facts: SourceFacts): Promise<string> {
    await this.open();
    return this.#turns(async () => storeDraft(this.#context, await draftOf(this.#context, source, facts), facts));
  }

  /** Notes what became of a source. @throws ArchiveError `ARCHIVE_UNKNOWN`; StoreError when it could not be noted. */
  async updateConversion(archiveId: string, facts: ConversionFacts): Promise<void> {
    await this.open();
    await updateConversion(this.#context, archiveId, facts);
  }

  /**
   * Archives a report with its source.
   * @param options.position Which of several reports, from 0; one that is there is replaced. Default: after the last.
   * @returns Its position.
   */
  async archiveReport(
    report: object,
    archiveId: string,
    options: { position?: number; compressionLevel?: number } = {},
  ): Promise<number> {
    await this.open();
    return this.#turns(() => archiveReport(this.#context, report, archiveId, options));
  }

  /**
   * Writes the original into a folder, which is created where it is missing: checked before it appears under its name,
   * with its time of change, and beside what has that name already (`_1`, `_2`, …). A set of files becomes a folder.
   * @returns The path.
   * @throws IntegrityError when the blob is damaged or missing: nothing was written.
   */
  async restoreSource(archiveId: string, folder: string): Promise<string> {
    await this.open();
    const path = await restoreSource(this.#context, archiveId, resolve(folder));
    await this.#keeping.audit({ action: 'restore', subject: archiveId, details: { path } });
    return path;
  }

  /**
   * Puts into the catalog what the files in the archive's folder say and it does not know. It runs by itself when the
   * catalog is missing or was damaged.
   */
  async rebuild(options: RebuildOptions = {}): Promise<RebuildResult> {
    await this.open();
    return this.#rebuild(options, 'sound');
  }

  /** Keeps an entry whatever the retention says, until {@link unpin}. */
  async pin(archiveId: string, reason: string | null = null): Promise<void> {
    await this.open();
    await this.#keeping.hold(archiveId, 'pin', reason);
  }

  /** Ends {@link pin}. */
  async unpin(archiveId: string, reason: string | null = null): Promise<void> {
    await this.open();
    await this.#keeping.release(archiveId, 'pin', reason);
  }

  /** Finishes what runs, writes a snapshot of the catalog and gives the folder back. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #rebuild(options: RebuildOptions, belief: Belief): Promise<RebuildResult> {
    const { catalog } = this.#context;
    const isEmpty = (await catalog.query('anyEntry')).length === 0;
    // Should the process die meanwhile, the next opening goes on: the damage itself is not there any more by then.
    if (belief === 'damaged') await catalog.setRebuildDue(true);
    const result = await rebuild(this.#context, options, isEmpty ? 'none' : belief);
    if (belief === 'damaged') await catalog.setRebuildDue(false);
    await this.#keeping.audit({ action: 'rebuild', details: { restored: result.restored, reports: result.reports } });
    this.notify('rebuilt', result);
    return result;
  }

  protected async ready(): Promise<ArchiveContext> {
    await this.open();
    return this.#context;
  }

  async #open(): Promise<void> {
    const { fs, clock, logger, catalog, blobs } = this.#context;
    await fs.mkdir(this.directory, { recursive: true, mode: PRIVATE_FOLDER });
    // Kept where the rest fails: giving it back needs space, too, and whoever tries again finds it in its hands.
    this.#lock ??= await lockDirectory(join(this.directory, 'lock'), {
      fs,
      clock,
      logger,
      onLocked: this.#onLocked,
      signal: this.#abort.signal,
      onLost: error => this.#lost(error),
    });
    await blobs.open();
    await catalog.open();
    if (this.#damaged) await catalog.reserveNumbers();
    await recoverLeftovers(this.#context);
    const isEmpty = (await catalog.query('anyEntry')).length === 0;
    const isDue = this.#damaged || (await catalog.isRebuildDue());
    if (isEmpty ? await hasBlobs(this.#context) : isDue) await this.#rebuild({}, 'damaged');
    this.#isOpen = true;
  }

  async #close(): Promise<void> {
    this.#abort.abort();
    const opened = await this.#opening?.then(
      () => true,
      () => false,
    );
    if (!opened) return this.#lock?.release();
    // One turn of every slot: what was begun has ended.
    await Promise.all(Array.from({ length: AT_ONCE }, () => this.#turns(() => undefined)));
    await this.#context.catalog.close();
    await this.#lock?.release();
  }

  #lost(error: Error): void {
    this.notify('error', { error });
    // Another process writes here now: nothing more may be written by this one.
    this.#inBackground(this.close());
  }

  #inBackground(task: Promise<unknown>): void {
    task.catch((thrown: unknown) => this.notify('error', { error: toError(thrown) }));
  }
}

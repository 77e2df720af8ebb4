/** Brings sources, reports and outcomes into the archives of a pool; see step 2 and step 6 in the architecture guide. */
import { join, resolve } from 'node:path';
import { ArchiveStorage, type ConversionFacts } from '../archive/index.js';
import { missingOf } from '../archive/integrity/missing.js';
import { checkEntry } from '../archive/integrity/verify.js';
import { internalsOf } from '../archive/internals.js';
import type { ConverterResult } from '../converters/converter-result.js';
import type { HeldSource } from '../converters/held-source.js';
import { ArchiveError, IntegrityError, type MillraceError, systemCode, toError } from '../errors.js';
import { discard } from '../files/atomic-write.js';
import type { FileRecord } from '../ledger/file-record.js';
import { within } from '../within.js';
import type { ActiveFile } from './active-file.js';
import { serverFacts, statusOf, unitFacts } from './archive-facts.js';
import { ArchivePlace } from './archive-place.js';
import type { ConverterEntry } from './converter-entry.js';
import { about, type PoolContext } from './pool-context.js';

/** How long a start waits for archives that give no answer. */
const OPENING_MS = 5_000;

/** What an {@link Archivist} is made with. */
export interface ArchivistOptions {
  /** The pool's own. */
  archive: ArchiveStorage | undefined;
  probeIntervalMs: number;
  /** The folder for copies of big sources, absolute. */
  copies: string;
  /** Files that waited for an archive can go on. */
  onBack: () => void;
}

export class Archivist {
  readonly #context: PoolContext;
  readonly #options: ArchivistOptions;
  /** By folder. */
  readonly #places = new Map<string, ArchivePlace>();
  /** Archives that the pool made itself, for converters with a folder of their own. */
  readonly #own: ArchiveStorage[] = [];
  /** What was damaged in the archives' catalogs since the start, and was mended. */
  readonly damage: string[] = [];

  constructor(context: PoolContext, options: ArchivistOptions) {
    this.#context = context;
    this.#options = options;
    if (options.archive) this.#add(options.archive);
  }

  /** The archive of a converter's sources, where they are archived. */
  placeOf(entry: ConverterEntry): ArchivePlace | undefined {
    if (!entry.archive || !entry.archiveSourceFiles) return undefined;
    if (entry.archiveFolder === undefined) {
      const { archive } = this.#options;
      return archive && this.#places.get(archive.directory);
    }
    const directory = resolve(entry.archiveFolder);
    const known = this.#places.get(directory);
    if (known) return known;
    const { fs, clock, logger } = this.#context;
    const storage = new ArchiveStorage({ directory, fs, clock, logger });
    this.#own.push(storage);
    return this.#add(storage);
  }

  /** All archives that can be written now or later. */
  get places(): Iterable<ArchivePlace> {
    return this.#places.values();
  }

  /** Why files of this converter have to wait for their archive, where they have to. */
  reason(entry: ConverterEntry): string | undefined {
    const away = isRequired(entry) ? this.placeOf(entry)?.away : undefined;
    return away && `the archive cannot be written: ${away.message}`;
  }

  /** Where a copy of a big source is kept while it is worked on: archive and converter read that, and the source once. */
  copyTo(entry: ConverterEntry): string | undefined {
    const place = this.placeOf(entry);
    return place && !place.away ? this.#options.copies : undefined;
  }

  /** Opens the archives, so that one that is away is known before the first file. */
  async open(): Promise<void> {
    for (const entry of this.#context.registry.entries) this.placeOf(entry);
    await this.#clearCopies();
    const checks = Promise.all([...this.#places.values()].map(place => place.check()));
    // One that hangs keeps nobody from starting.
    await within(this.#context.clock, OPENING_MS, checks);
  }

  /**
   * Step 2: the source is in the archive, or its converter goes on without. The same file gets the same entry, however often.
   * @throws ArchiveError when it has to be there and cannot: the file waits.
   */
  async keepSource(file: ActiveFile, source: HeldSource): Promise<void> {
    const { entry, correlationId } = file;
    const place = this.placeOf(entry);
    if (!place || (place.away && !isRequired(entry))) return;
    const { ledger, notify } = this.#context;
    const facts = {
      converterName: entry.identity.name,
      converterVersion: entry.identity.version,
      parameters: entry.arguments,
      timestamp: new Date(file.record.firstSeenAt),
      correlationId,
      ...(entry.compressionLevel === undefined ? {} : { compressionLevel: entry.compressionLevel }),
    };
    try {
      const archiveId = await place.run(storage => storage.archiveSource(source, facts), source.size);
      if (file.record.archiveId !== archiveId) file.record = ledger.archived(file.record, archiveId);
      notify('archived', { ...about(file), archiveId });
    } catch (thrown) {
      const error = toError(thrown);
      if ((error as Partial<MillraceError>).code === 'SOURCE_CHANGED') throw error;
      // Not its cause: a full disk of the archive is not one of the pool.
      if (isRequired(entry)) throw new ArchiveError('ARCHIVE_FAILED', error.message, { hints: [] });
    }
  }

  /**
   * The first half of step 6: the reports, and what they say of the unit. Before the ledger says that they are delivered
   * or queued, since nobody could make them again after that.
   */
  async keepReports({ entry, record: { archiveId } }: ActiveFile, result: ConverterResult): Promise<void> {
    if (archiveId === null) return;
    const reports = entry.archiveOutputReports ? result.reports : [];
    const options = entry.compressionLevel === undefined ? {} : { compressionLevel: entry.compressionLevel };
    const facts = unitFacts(result);
    await this.placeOf(entry)?.owe(storage =>
      Promise.all([
        ...(Object.keys(facts).length > 0 ? [storage.updateConversion(archiveId, facts)] : []),
        ...reports.map((report, position) =>
          storage.archiveReport(report as object, archiveId, { position, ...options }),
        ),
      ]),
    );
  }

  /** The second half: the outcome. */
  async converted({ record, entry }: ActiveFile, end: { delivered: boolean; durationMs: number }): Promise<void> {
    const { archiveId, serverIds } = record;
    if (archiveId === null) return;
    const facts: ConversionFacts = {
      status: 'success',
      durationMs: end.durationMs,
      ...(end.delivered ? { deliveredAt: this.#now() } : {}),
      ...serverFacts(serverIds),
    };
    await this.placeOf(entry)?.owe(storage => storage.updateConversion(archiveId, facts));
  }

  /** After a crash: the outcome that the ledger has, should the archive not have it yet. */
  async caughtUp({ record, entry }: ActiveFile): Promise<void> {
    const { archiveId, state, serverIds, reason, updatedAt } = record;
    const status = statusOf(record);
    if (archiveId === null || status === undefined) return;
    const delivered = state === 'cleaning';
    const facts: ConversionFacts = {
      status,
      ...(status === 'success' || reason === null ? {} : { error: reason }),
      ...(delivered ? { deliveredAt: new Date(updatedAt) } : {}),
      ...serverFacts(serverIds),
    };
    await this.placeOf(entry)?.owe(async storage => {
      const known = await storage.get(archiveId);
      if (known?.status === status && (!delivered || known.deliveredAt !== null)) return;
      await storage.updateConversion(archiveId, facts);
    });
  }

  /** A file ended otherwise, or waits for another try. */
  async ended(file: ActiveFile, status: ConversionFacts['status'], why: string): Promise<void> {
    const { archiveId } = file.record;
    if (archiveId === null) return;
    const { clock } = this.#context;
    const durationMs = file.startedAt === 0 ? undefined : clock.monotonic() - file.startedAt;
    const facts = { ...(status ? { status } : {}), error: why, ...(durationMs === undefined ? {} : { durationMs }) };
    await this.placeOf(file.entry)?.owe(storage => storage.updateConversion(archiveId, facts));
  }

  /** The server has accepted the reports that had waited. */
  async settled(file: ActiveFile): Promise<void> {
    const { archiveId, serverIds } = file.record;
    if (archiveId === null) return;
    const facts: ConversionFacts = { status: 'success', deliveredAt: this.#now(), ...serverFacts(serverIds) };
    await this.placeOf(file.entry)?.owe(storage => storage.updateConversion(archiveId, facts));
  }

  /** Reads the archived source back. @throws IntegrityError when it is not there, or not what it was. */
  async prove({ record, entry }: ActiveFile): Promise<void> {
    const { archiveId } = record;
    const place = this.placeOf(entry);
    if (archiveId === null || !place) throw new IntegrityError('it is not in the archive');
    await place.run(async storage => {
      const { context } = await internalsOf(storage);
      const stored = await context.catalog.entry(archiveId);
      if (!stored || stored.purgedAt !== null) throw new IntegrityError(`the archive does not have ${archiveId}`);
      const [damage] = await checkEntry(context, stored, { reports: false });
      if (damage) throw new IntegrityError(damage.message);
    }, record.size);
  }

  /** As {@link prove}, as an answer. */
  async has(file: ActiveFile): Promise<boolean> {
    if (file.record.archiveId === null) return false;
    try {
      await this.prove(file);
      return true;
    } catch (thrown) {
      const { path, correlationId } = file;
      this.#context.logger.warn(
        { file: path, correlationId, err: toError(thrown) },
        'The archived copy was not found sound',
      );
      return false;
    }
  }

  /** Of these files, those whose archive does not know them any more. Nothing can be said of an archive that is away. */
  async unknown(records: readonly FileRecord[]): Promise<FileRecord[]> {
    const { registry } = this.#context;
    const byPlace = new Map<ArchivePlace, FileRecord[]>();
    for (const record of records) {
      const entry = record.archiveId === null ? undefined : registry.lastKnown(record.converter);
      const place = entry && this.placeOf(entry);
      if (place && !place.away) byPlace.set(place, [...(byPlace.get(place) ?? []), record]);
    }
    const missing: FileRecord[] = [];
    for (const [place, those] of byPlace) {
      const { context } = await internalsOf(place.storage);
      const positions = await missingOf(
        context,
        those.map(({ archiveId }) => archiveId ?? ''),
      );
      missing.push(...positions.flatMap(position => those[position] ?? []));
    }
    return missing;
  }

  async close(): Promise<void> {
    for (const place of this.#places.values()) place.close();
    await Promise.all(this.#own.map(storage => storage.close()));
  }

  /** What a process before this one left there belongs to nobody. */
  async #clearCopies(): Promise<void> {
    const { fs, logger } = this.#context;
    const { copies } = this.#options;
    try {
      for (const name of await fs.readdir(copies)) await discard(fs, join(copies, name), logger);
    } catch (thrown) {
      if (systemCode(thrown) === 'ENOENT') return;
      logger.warn({ file: copies, err: toError(thrown) }, 'The folder for copies of big sources cannot be cleared');
    }
  }

  #now(): Date {
    return new Date(this.#context.clock.now());
  }

  #add(storage: ArchiveStorage): ArchivePlace {
    const { clock, notify } = this.#context;
    const { directory } = storage;
    const place = new ArchivePlace(storage, {
      clock,
      probeIntervalMs: this.#options.probeIntervalMs,
      onAway: (_, error) => notify('archiveAway', { folder: directory, error, reason: error.message }),
      onBack: () => {
        notify('archiveRecovered', { folder: directory });
        this.#options.onBack();
      },
      onLost: error => notify('error', { error, path: directory }),
    });
    this.#places.set(directory, place);
    storage.on('error', payload => notify('error', payload));
    storage.logTo(this.#context.logger);
    storage.on('damaged', ({ file, message }) => {
      this.damage.push(`${file}: ${message}`);
      notify('error', { error: new IntegrityError(message), path: file });
    });
    return place;
  }
}

/** A source that will be in the archive alone has to be there. */
function isRequired({ archivePolicy, postProcess }: ConverterEntry): boolean {
  return archivePolicy === 'required' || postProcess === 'archive';
}

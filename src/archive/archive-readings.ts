/** The reading half of an archive: entries, originals, reports, manifests, and proofs that all of it is as it was. */
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { writeStreamed } from '../files/write-streamed.js';
import { SafeEmitter } from '../observe/emitter.js';
import { type ArchiveContext, type ArchiveEvents, entryOf } from './archive-context.js';
import type { AuditRecord } from './catalog/audit-chain.js';
import { parseEntry, type StoredEntry } from './catalog/stored-entry.js';
import { type AuditLogCheck, auditRecords, checkAuditLog } from './integrity/audit-check.js';
import { type ManifestFormat, manifest } from './integrity/manifest.js';
import { type VerifyOptions, type VerifyResult, verify } from './integrity/verify.js';
import { type ArchivedFile, filesOf, readReport, restoreReport, sourceStream } from './restore.js';
import { countEntries, findEntries } from './search.js';
import { type ArchiveStatistics, statisticsOf } from './statistics.js';
import type { ArchiveEntry, ArchiveFilter, ArchivePage, ArchiveQuery } from './types.js';

/** What can be asked of an archive without changing it. Each method opens it where it is not open yet. */
export abstract class ArchiveReadings extends SafeEmitter<ArchiveEvents> {
  /** Opens the archive. */
  protected abstract ready(): Promise<ArchiveContext>;

  /** An entry; `undefined` when there is none with this id. */
  async get(archiveId: string): Promise<ArchiveEntry | undefined> {
    const context = await this.ready();
    const entry = await context.catalog.entry(archiveId);
    return entry && parseEntry(entry);
  }

  /** Entries, a page at a time, the newest first. @throws ConfigError for a filter that cannot be. */
  async query(query: ArchiveQuery = {}): Promise<ArchivePage> {
    const context = await this.ready();
    return findEntries(context.catalog, query);
  }

  /** How many entries there are of this kind. */
  async count(filter: ArchiveFilter = {}): Promise<number> {
    const context = await this.ready();
    return countEntries(context.catalog, filter);
  }

  /** What is in the archive, by converter and by day. `from` and `to` count by the full hour. */
  async statistics(filter: Pick<ArchiveFilter, 'from' | 'to' | 'converterName'> = {}): Promise<ArchiveStatistics> {
    const context = await this.ready();
    return statisticsOf(context.catalog, filter);
  }

  /**
   * The original content. The stream fails with `INTEGRITY`, at its end at the latest, when it is not what was archived.
   * @throws ArchiveError `ARCHIVE_UNKNOWN`, `ARCHIVE_PURGED`; MillraceError `SOURCE_IS_FOLDER` where there are several
   * files: {@link openFiles} gives those.
   */
  async openSource(archiveId: string): Promise<Readable> {
    return this.#reading(archiveId, sourceStream);
  }

  /** The files of an archived folder or companion set, by name; for a single file, that one. */
  async openFiles(archiveId: string): Promise<ArchivedFile[]> {
    return this.#reading(archiveId, filesOf);
  }

  /** Writes an archived report into a folder, as `restoreSource`. @param options.position From 0. Default 0. */
  async restoreReport(archiveId: string, folder: string, options: { position?: number } = {}): Promise<string> {
    const context = await this.ready();
    return restoreReport(context, archiveId, resolve(folder), options.position ?? 0);
  }

  /** An archived report as it was. @param options.position From 0. Default 0. */
  async readReport(archiveId: string, options: { position?: number } = {}): Promise<unknown> {
    const context = await this.ready();
    return readReport(context, archiveId, options.position ?? 0);
  }

  /**
   * Reads blobs and reports back and compares them with the catalog: what is flipped, shortened, missing or orphaned is
   * named. No file is touched.
   */
  async verify(options: VerifyOptions = {}): Promise<VerifyResult> {
    const context = await this.ready();
    return verify(context, options);
  }

  /** Follows the chain of the audit log, and names the first record that is not what was written. */
  async verifyAuditLog(): Promise<AuditLogCheck> {
    const context = await this.ready();
    return checkAuditLog(context.catalog);
  }

  /** What was done to the archive (purges, pins, holds, restores, policies, replays, rebuilds), the oldest first. */
  async *auditLog(): AsyncGenerator<AuditRecord> {
    const context = await this.ready();
    yield* auditRecords(context.catalog);
  }

  /**
   * A list of entries for auditors, with the SHA-256 of all of it in its last line; `verifyManifest` checks that. For
   * lists that do not fit into memory there is {@link writeManifest}.
   */
  async exportManifest(filter: ArchiveFilter = {}, options: { format?: ManifestFormat } = {}): Promise<string> {
    const context = await this.ready();
    const pieces: string[] = [];
    for await (const piece of manifestOf(context, filter, options)) pieces.push(piece);
    return pieces.join('');
  }

  /** As {@link exportManifest}, into a file, which is replaced. */
  async writeManifest(
    path: string,
    filter: ArchiveFilter = {},
    options: { format?: ManifestFormat } = {},
  ): Promise<void> {
    const context = await this.ready();
    await writeStreamed(context.fs, resolve(path), manifestOf(context, filter, options), this.logger);
  }

  async #reading<T>(
    id: string,
    read: (context: ArchiveContext, id: string, entry: StoredEntry) => T | Promise<T>,
  ): Promise<T> {
    const context = await this.ready();
    return read(context, id, await entryOf(context, id));
  }
}

function manifestOf(
  { catalog, clock }: ArchiveContext,
  filter: ArchiveFilter,
  { format = 'json' }: { format?: ManifestFormat },
): AsyncGenerator<string> {
  return manifest(catalog, filter, format, new Date(clock.now()));
}

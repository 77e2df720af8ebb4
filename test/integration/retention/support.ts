/** An archive with retention in a temp folder, on a clock that is turned by hand. */
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { afterEach } from 'vitest';
import { ArchiveStorage } from '../../../src/archive/archive-storage.js';
import { RetentionEngine } from '../../../src/archive/retention/retention-engine.js';
import type { RetentionOptions } from '../../../src/archive/retention/types.js';
import type { ConversionFacts, SourceFacts } from '../../../src/archive/types.js';
import type { FileSystem } from '../../../src/files/file-system.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { temporaryFolders } from '../../support/temp-folder.js';

export const DAY_MS = 86_400_000;
export const NOW = Date.UTC(2026, 11, 31);

const temporaryFolder = temporaryFolders();
const open: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop();
});

export class Vault {
  readonly folder: string;
  readonly clock = new ManualClock(NOW);
  archive: ArchiveStorage;
  engine: RetentionEngine;
  /** Everything that the engine has told, by the name of the event. */
  readonly told: [string, unknown][] = [];
  readonly #fs: FileSystem | undefined;

  static async open(options: Partial<RetentionOptions> = {}, fs?: FileSystem): Promise<Vault> {
    const vault = new Vault(await temporaryFolder(), options, fs);
    open.push({ stop: () => vault.close() });
    return vault;
  }

  private constructor(folder: string, options: Partial<RetentionOptions>, fs: FileSystem | undefined) {
    this.folder = folder;
    this.#fs = fs;
    [this.archive, this.engine] = this.#make(options);
  }

  /** As after a restart. */
  async reopen(options: Partial<RetentionOptions> = {}): Promise<void> {
    await this.close();
    [this.archive, this.engine] = this.#make(options);
  }

  async close(): Promise<void> {
    await this.engine.stop();
    await this.archive.close();
  }

  /** Archives a source that was received so many days ago, and delivered. */
  async put(
    days: number,
    facts: Partial<SourceFacts & Omit<ConversionFacts, 'deliveredAt'>> & {
      content?: string;
      report?: object;
      deliveredAt?: Date | undefined;
    } = {},
  ): Promise<string> {
    const { content = `content of day ${days}`, report, status = 'success', ...rest } = facts;
    const timestamp = new Date(NOW - days * DAY_MS);
    const bytes = Buffer.from(content);
    const id = await this.archive.archiveSource(
      { path: `/watch/${days}.csv`, stream: (await import('node:stream')).Readable.from([bytes]) },
      { converterName: 'csv', timestamp, ...rest },
    );
    const deliveredAt = 'deliveredAt' in facts ? facts.deliveredAt : timestamp;
    const { serialNumber } = facts;
    await this.archive.updateConversion(id, {
      status,
      ...(deliveredAt ? { deliveredAt } : {}),
      ...(serialNumber === undefined ? {} : { serialNumber }),
    });
    if (report) await this.archive.archiveReport(report, id);
    return id;
  }

  /** The ids of the entries that live, the oldest first. */
  async alive(): Promise<string[]> {
    return (await this.archive.query({ order: 'asc', limit: 1_000 })).entries.map(entry => entry.archiveId);
  }

  /** Files of sources and reports, relative to the archive, sorted. */
  async blobs(): Promise<string[]> {
    const all: string[] = [];
    for (const folder of ['sources', 'reports']) {
      const entries = await readdir(join(this.folder, folder), { recursive: true, withFileTypes: true }).catch(
        () => [],
      );
      for (const entry of entries) {
        if (entry.isFile()) all.push(relative(this.folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
      }
    }
    return all.sort();
  }

  #make(options: Partial<RetentionOptions>): [ArchiveStorage, RetentionEngine] {
    const { clock } = this;
    const archive = new ArchiveStorage({ directory: this.folder, clock, ...(this.#fs ? { fs: this.#fs } : {}) });
    const engine = new RetentionEngine({ archive, gracePeriodMs: 0, ...options });
    for (const event of ['purged', 'previewed', 'skipped', 'agePaused', 'failed', 'error'] as const) {
      engine.on(event, (payload: unknown) => this.told.push([event, payload]));
    }
    return [archive, engine];
  }
}

/** From a path that somebody heard of, or a scan found, to a file that the pool has in hand. */
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import type { Look } from '../discovery/look.js';
import { type MillraceError, toError } from '../errors.js';
import type { FileSystem } from '../files/file-system.js';
import { relativeTo } from '../files/names.js';
import type { FileRecord } from '../ledger/file-record.js';
import type { Ledger } from '../ledger/ledger.js';
import { type ActiveFile, activeFile } from './active-file.js';
import { inBatches, mapConcurrently } from './batches.js';
import type { ConverterEntry } from './converter-entry.js';
import { type Found, findFiles, type IntakeRoot, lookAtUnit } from './find-files.js';
import type { Growing } from './growing.js';
import { isSettled, leftSince } from './known-files.js';
import type { ScanStatistics } from './pool-events.js';
import type { Roster } from './roster.js';

/** What intake is made with, and whom it tells. */
export interface IntakeOptions {
  fs: FileSystem;
  clock: Clock;
  ledger: Ledger;
  roster: Roster;
  /** Where files are held until they are whole. */
  growing: Growing;
  signal: AbortSignal;
  /** A new file, or a new generation of one. */
  onDiscovered: (file: ActiveFile) => void;
  /** A sub-folder appeared, so the root should be scanned. */
  onFolder: (root: IntakeRoot) => void;
  /** All that may take now what this converter may take; none when it was changed or removed. @param path Relative to the root. */
  candidates: (entry: ConverterEntry, root: IntakeRoot, path: string) => readonly ConverterEntry[];
  onError: (error: Error, path: string) => void;
  /** Nothing is being looked at any more. */
  onQuiet: () => void;
}

const LOOKUP_BATCH = 256;
const STATS_AT_ONCE = 32;
/** A file at rest for so long, by two clocks, is not waited for; 2 s is the coarsest mtime that a file system keeps (FAT). */
const LONG_AT_REST_MS = 2_000;

/** An event that is later than this is one that does not come. */
const EVENT_GRACE_MS = 1_000;

/** Looks at what is heard of, and takes in what is new. */
export class Intake {
  readonly #options: IntakeOptions;
  /** Paths that were heard of and not looked at yet, with their roots. */
  readonly #heard = new Map<string, IntakeRoot>();
  #held = false;
  /** What happened before could not be heard, in epoch ms. */
  #listeningSince = 0;
  #closed = false;
  #running: Promise<void> | undefined;
  #scans = 0;
  #milestone: { count: number; reached: () => void } | undefined;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Nothing is being looked at. */
  get idle(): boolean {
    return this.#scans === 0 && !this.#running && this.#heard.size === 0 && !this.#options.growing.busy;
  }

  /** Keeps what is heard of until {@link release}. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#listeningSince = this.#options.clock.now();
    this.#look();
  }

  /** An event for a path (absolute). */
  hint(root: IntakeRoot, path: string): void {
    if (root.excludes(path)) return;
    this.#heard.set(path, root);
    this.#look();
  }

  /** Looks at everything below a root, oldest first. */
  async scan(root: IntakeRoot): Promise<{ statistics: ScanStatistics; missed: number }> {
    const { fs, clock, roster, signal } = this.#options;
    const startedAt = clock.monotonic();
    const statistics = { scanned: 0, queued: 0, skipped: 0, errors: 0, durationMs: 0 };
    let missed = 0;
    this.#scans += 1;
    try {
      const found = await findFiles(root, { fs, clock, roster, signal, onError: this.#options.onError }, statistics);
      for await (const batch of inBatches(found, LOOKUP_BATCH)) {
        if (signal.aborted || this.#closed) break;
        const admitted = await this.#admit(root, batch, true);
        statistics.queued += admitted.length;
        missed += admitted.filter(file => this.#wasMissed(root, file)).length;
      }
      this.#options.growing.recheck(root.root);
    } catch (thrown) {
      statistics.errors += 1;
      // A folder that is away is told of by its watch.
      if ((thrown as Partial<MillraceError>).code !== 'FOLDER_MISSING')
        this.#options.onError(toError(thrown), root.root);
    } finally {
      this.#scans -= 1;
      if (this.idle) this.#options.onQuiet();
    }
    statistics.skipped = statistics.scanned - statistics.queued - statistics.errors;
    statistics.durationMs = clock.monotonic() - startedAt;
    return { statistics, missed };
  }

  /** Resolves when so many files were taken in. */
  admitted(count: number): Promise<void> {
    return new Promise(resolve => {
      this.#milestone = { count, reached: resolve };
    });
  }

  /** Stops waiting for files. Resolves when nothing is being looked at any more; what was not taken in is found at the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#options.growing.close();
    this.#heard.clear();
    this.#held = true;
    await this.#running;
  }

  #look(): void {
    if (this.#held || this.#running || this.#heard.size === 0) return;
    this.#running = this.#lookAtHeard()
      .catch((thrown: unknown) => this.#options.onError(toError(thrown), ''))
      .finally(() => {
        this.#running = undefined;
        this.#look();
        if (this.idle) this.#options.onQuiet();
      });
  }

  async #lookAtHeard(): Promise<void> {
    const { fs, roster, growing, onError } = this.#options;
    // What comes while this runs is looked at in the next round, many events of one path at once.
    const heard: [path: string, root: IntakeRoot][] = [];
    for (const one of this.#heard) {
      if (heard.length === LOOKUP_BATCH) break;
      heard.push(one);
      this.#heard.delete(one[0]);
    }
    const found = new Map<IntakeRoot, Found[]>();
    await mapConcurrently(heard, STATS_AT_ONCE, async ([absolute, root]) => {
      const path = relativeTo(root.root, absolute);
      const unit = root.route(path);
      const active = roster.at(absolute) ?? (unit && roster.at(join(root.root, unit.path)));
      if (active) {
        if (!growing.touch(active)) active.heardOf = true;
        return;
      }
      if (growing.marker(absolute)) return;
      // Gone again, or not to be looked at now: the next event or rescan looks anew.
      const stat = await fs.lstat(absolute).catch(() => undefined);
      // A new folder, or a link to one, may have files in it that no event will tell of.
      if (stat?.isDirectory() || stat?.isSymbolicLink()) return this.#options.onFolder(root);
      // A late companion makes another unit of a file that has been done with and is still there.
      if (stat) for (const main of root.accompanied(path)) this.#heard.set(join(root.root, main), root);
      if (!unit || !stat) return;
      const look = await lookAtUnit(fs, root, unit).catch((thrown: unknown) => onError(toError(thrown), absolute));
      if (look) found.set(root, [...(found.get(root) ?? []), { ...unit, look }]);
    });
    for (const [root, files] of found) await this.#admit(root, files, false);
  }

  /** @returns Those of them that are new. */
  async #admit(root: IntakeRoot, found: readonly Found[], scanned: boolean): Promise<Found[]> {
    const { ledger, roster, growing } = this.#options;
    const known = await ledger.lookup(
      root.root,
      found.map(file => file.path),
    );
    const left = await leftSince(this.#options.fs, root, found, known);
    if (this.#closed) return [];
    const admitted: Found[] = [];
    for (const one of found) {
      if (left.has(one)) continue;
      const { path, entry, look } = one;
      const { identity } = look;
      const absolute = join(root.root, path);
      const row = known.get(path);
      if (roster.at(absolute) || (row && isSettled(row, identity))) continue;
      // Its converter was changed or removed since it was found; the look that follows a change finds it anew.
      const candidates = this.#options.candidates(entry, root, path);
      if (candidates.length === 0) continue;
      const record =
        row?.state === 'discovered' && row.location === null ? row : ledger.seen(root.root, path, identity);
      const file = this.#take(record, candidates, absolute);
      if (row && row.id !== record.id && row.reports > 0) file.earlier = row;
      admitted.push(one);
      if (this.#milestone && --this.#milestone.count <= 0) this.#milestone.reached();
      this.#options.onDiscovered(file);
      growing.add(file, identity, { rested: scanned && this.#isLongAtRest(look, file) });
    }
    return admitted;
  }

  #take(record: FileRecord, candidates: readonly ConverterEntry[], path: string): ActiveFile {
    const { ledger, roster, clock } = this.#options;
    const file = activeFile(record, candidates, ledger.correlationId(record), path, clock);
    roster.add(file);
    return file;
  }

  /** No event has told of it, though there was time for one. */
  #wasMissed(root: IntakeRoot, { path, look }: Found): boolean {
    if (this.#heard.has(join(root.root, path)) || look.ctimeMs < this.#listeningSince) return false;
    return this.#options.clock.now() - look.ctimeMs > EVENT_GRACE_MS;
  }

  #isLongAtRest({ identity, ctimeMs }: Look, file: ActiveFile): boolean {
    const restMs = this.#options.clock.now() - Math.max(identity.mtimeMs, ctimeMs);
    return restMs >= Math.max(LONG_AT_REST_MS, file.stabilityMs * 10);
  }
}

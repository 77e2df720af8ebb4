/** When and how a snapshot takes the place of the journals. At each step a crash finds every acknowledged record. */
import type { Clock } from '../clock.js';
import { removeIfThere } from '../files/atomic-write.js';
import type { FileSystem } from '../files/file-system.js';
import type { Logger } from '../observe/logger.js';
import type { Damage } from './recovery.js';
import { installSnapshot, prepareSnapshot } from './snapshot.js';
import type { StoreEvents } from './store-events.js';
import { exists, keepAside, type StoreFiles } from './store-files.js';

/** After a checkpoint that failed, the next one waits this long. */
const RETRY_AFTER_MS = 10_000;

const MIN_JOURNAL_BYTES = 4 * 1024 * 1024;
const SHARE = 0.125;

/** When a checkpoint is due. */
export interface CheckpointOptions {
  /** Not before the journal holds this many bytes. Default 4 MiB. */
  minJournalBytes?: number;
  /**
   * Not before the journal has this share of the snapshot's size, so that the cost of a write stays constant; from there
   * on at once, so that what a crash leaves to be replayed stays a share of what is loaded anyway. Default 0.125.
   */
  share?: number;
}

/** What a checkpoint works on. */
export interface CheckpointSubject {
  fs: FileSystem;
  files: StoreFiles;
  clock: Clock;
  logger: Logger;
  /** The database as a file, with all records up to `sequence`. */
  export(): Promise<{ bytes: Uint8Array; sequence: number }>;
  /** Renames the journal to `.old` and starts a new one; `false` where the file system cannot. */
  rotate(): Promise<boolean>;
  /** Runs `step` while nothing is appended to the journal, then starts a new one in its place. */
  betweenJournals(step: () => Promise<void>): Promise<void>;
  damaged(event: StoreEvents['damaged']): void;
  checkpointed(event: StoreEvents['checkpointed']): void;
}

export class Checkpoint {
  readonly #subject: CheckpointSubject;
  readonly #minJournalBytes: number;
  readonly #share: number;
  /** Files of which a copy is kept before they are replaced. */
  #damages: Damage[] = [];
  #oldIsThere: boolean;
  #notBefore = Number.NEGATIVE_INFINITY;
  /** Size of the last snapshot. */
  snapshotBytes: number;
  /** Number of the last record in the snapshot; -1 while there is none. */
  snapshotSequence: number;

  constructor(
    subject: CheckpointSubject,
    options: CheckpointOptions,
    state: { oldIsThere: boolean; snapshotBytes: number; snapshotSequence: number },
  ) {
    this.#subject = subject;
    this.#minJournalBytes = options.minJournalBytes ?? MIN_JOURNAL_BYTES;
    this.#share = options.share ?? SHARE;
    this.#oldIsThere = state.oldIsThere;
    this.snapshotBytes = state.snapshotBytes;
    this.snapshotSequence = state.snapshotSequence;
  }

  /** A checkpoint should run now. */
  isDue(journalBytes: number): boolean {
    if (this.#subject.clock.monotonic() < this.#notBefore) return false;
    if (this.#oldIsThere || this.#damages.length > 0) return true;
    return journalBytes >= Math.max(this.#minJournalBytes, this.#share * this.snapshotBytes);
  }

  /** There is something on the disk that a snapshot should replace. */
  isWorthwhile(sequence: number): boolean {
    return sequence > this.snapshotSequence || this.#oldIsThere || this.#damages.length > 0;
  }

  /** These files turned out to be damaged; the next checkpoint keeps them aside. */
  quarantine(damages: readonly Damage[]): void {
    for (const damage of damages) {
      if (!this.#damages.some(({ file }) => file === damage.file)) this.#damages.push(damage);
    }
  }

  /** Writes a snapshot while writes go on. */
  async run(): Promise<void> {
    try {
      if (this.#oldIsThere || (await this.#rotate())) await this.#write();
      else await this.#subject.betweenJournals(() => this.replaceAll());
      this.#notBefore = Number.NEGATIVE_INFINITY;
    } catch (error) {
      this.#notBefore = this.#subject.clock.monotonic() + RETRY_AFTER_MS;
      throw error;
    }
  }

  /** Writes a snapshot of everything while nothing is appended. Afterwards the journal is no longer needed. */
  async replaceAll(): Promise<void> {
    await this.#write();
    await this.#keepAside('journal');
  }

  async #rotate(): Promise<boolean> {
    try {
      const rotated = await this.#subject.rotate();
      this.#oldIsThere = rotated;
      if (rotated) this.#damages = this.#damages.map(d => (d.file === 'journal' ? { ...d, file: 'old' } : d));
      return rotated;
    } catch (error) {
      // The rotation may have got as far as `.old`; until it is known not to be there, nothing may take its name.
      this.#oldIsThere = true;
      this.#oldIsThere = await exists(this.#subject.fs, this.#subject.files.old);
      throw error;
    }
  }

  async #write(): Promise<void> {
    const { fs, files, clock, logger } = this.#subject;
    const startedAt = clock.monotonic();
    const { bytes, sequence } = await this.#subject.export();
    await prepareSnapshot(fs, files, bytes, logger);
    await this.#keepAside('db');
    await installSnapshot(fs, files, logger);
    this.snapshotBytes = bytes.length;
    this.snapshotSequence = sequence;
    if (this.#oldIsThere) {
      await this.#keepAside('old');
      await removeIfThere(fs, files.old);
      this.#oldIsThere = false;
    }
    this.#subject.checkpointed({ bytes: bytes.length, durationMs: clock.monotonic() - startedAt });
  }

  async #keepAside(file: Damage['file']): Promise<void> {
    const damage = this.#damages.find(each => each.file === file);
    if (!damage) return;
    const { fs, files, clock } = this.#subject;
    const path = files[file];
    if (!(await exists(fs, path))) return;
    const movedTo = await keepAside(fs, path, clock.now());
    this.#damages = this.#damages.filter(each => each !== damage);
    const { message, lostRecords } = damage;
    this.#subject.damaged({ file: path, movedTo, message, ...(lostRecords === undefined ? {} : { lostRecords }) });
  }
}

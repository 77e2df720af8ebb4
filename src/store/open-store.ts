/** A store that is open: ties journal, group commit, SQL and checkpoints together. */
import pLimit from 'p-limit';
import type { Clock } from '../clock.js';
import { toError } from '../errors.js';
import { discard, removeIfThere } from '../files/atomic-write.js';
import { type FileSystem, PRIVATE_FOLDER } from '../files/file-system.js';
import type { Logger } from '../observe/logger.js';
import { Checkpoint, type CheckpointOptions } from './checkpoint.js';
import { GroupCommit } from './group-commit.js';
import { Journal } from './journal.js';
import type { JournalHeader, Payload } from './record.js';
import { catchUp, type Recovered, recover } from './recovery.js';
import type { SqlValue, StoreSchema } from './schema.js';
import { SqlService } from './sql-service.js';
import { type SqlWorker, WorkerDied } from './sql-worker.js';
import { fileError, sqlError } from './store-errors.js';
import type { StoreEvents } from './store-events.js';
import type { StoreFiles } from './store-files.js';

/** What an open store works with. */
export interface StoreContext {
  fs: FileSystem;
  clock: Clock;
  logger: Logger;
  files: StoreFiles;
  schema: StoreSchema;
  checkpoint: CheckpointOptions;
  notify<E extends keyof StoreEvents>(event: E, payload: StoreEvents[E]): void;
}

/** What there is once the files were recovered. */
interface Parts {
  journal: Journal;
  checkpoint: Checkpoint;
  commit: GroupCommit;
}

export class OpenStore {
  readonly #context: StoreContext;
  readonly #header: JournalHeader;
  readonly #sql: SqlService;
  /** Appends and rotations take turns. What is appended is handed to SQL within the same turn. */
  readonly #journalTurn = pLimit(1);
  /** Checkpoints and reloads take turns: each reads or replaces the same files. */
  readonly #maintenance = pLimit(1);
  #parts: Parts | undefined;
  #recovered: Recovered | undefined;
  #checkpointing = false;

  /** Recovers what the files hold. @throws StoreError, DiskSpaceError; nothing is left open then. */
  static async open(context: StoreContext): Promise<OpenStore> {
    const store = new OpenStore(context);
    try {
      await store.#start();
    } catch (error) {
      await store.#sql.stop();
      throw fileError(`${context.files.db} could not be opened`, error);
    }
    return store;
  }

  private constructor(context: StoreContext) {
    const { clock, schema, notify } = context;
    this.#context = context;
    this.#header = { format: 1, version: schema.version, statements: schema.statements };
    this.#sql = new SqlService({
      clock,
      load: (worker, goLive) => this.#maintenance(() => this.#load(worker, goLive)),
      refused: refusals => {
        for (const { sequence, statement, words } of refusals) {
          notify('error', { error: sqlError(`Record ${sequence} (${statement}) was not applied`, words) });
        }
      },
      restarted: reason => notify('workerRestarted', { reason }),
      failed: error => notify('error', { error }),
    });
  }

  write(payload: Payload): Promise<void> {
    return this.#ready.commit.add(payload);
  }

  async query(query: string, params: readonly SqlValue[]): Promise<object[]> {
    const { columns, rows } = await this.#sql.query(query, params);
    return rows.map(row => Object.fromEntries(columns.map((column, index) => [column, row[index]])));
  }

  async checkpointNow(): Promise<void> {
    try {
      await this.#maintenance(() => this.#ready.checkpoint.run());
    } catch (error) {
      throw fileError('The snapshot could not be written', error);
    }
  }

  async close(): Promise<void> {
    const { journal, checkpoint, commit } = this.#ready;
    await commit.idle();
    await this.#maintenance(async () => {
      try {
        if (checkpoint.isWorthwhile(journal.sequence)) await checkpoint.replaceAll();
        await journal.close();
        await removeIfThere(this.#context.fs, this.#context.files.journal);
      } catch (error) {
        this.#tell('The last snapshot could not be written; the journal keeps what is not in it', error);
      }
    });
    await journal.close();
    await this.#sql.stop();
  }

  get #ready(): Parts {
    if (!this.#parts) throw new TypeError('The store is not recovered yet');
    return this.#parts;
  }

  async #start(): Promise<void> {
    const { fs, files, logger } = this.#context;
    await fs.mkdir(files.directory, { recursive: true, mode: PRIVATE_FOLDER });
    await this.#sql.start();
    const recovered = this.#recovered;
    if (!recovered) throw new TypeError('Nothing was recovered');
    const checkpoint = this.#prepareCheckpoint(recovered);
    await discard(fs, files.dbTemp, logger);
    const journal = await this.#takeUpJournal(recovered, checkpoint);
    const commit = new GroupCommit(
      {
        append: (bytes, sequence) => this.#append(bytes, sequence),
        room: () => this.#sql.room(),
      },
      recovered.sequence,
    );
    this.#parts = { journal, checkpoint, commit };
    this.#checkpointIfDue();
  }

  #prepareCheckpoint({ old, snapshotBytes, snapshotSequence, snapshotVersion, damages }: Recovered): Checkpoint {
    const { fs, files, clock, logger, schema, notify } = this.#context;
    const checkpoint = new Checkpoint(
      {
        fs,
        files,
        clock,
        logger,
        export: () => this.#sql.export(),
        rotate: () => this.#journalTurn(() => this.#ready.journal.rotate(this.#header)),
        betweenJournals: step =>
          this.#journalTurn(async () => {
            await step();
            await this.#ready.journal.startAnew(this.#header);
          }),
        damaged: event => notify('damaged', event),
        checkpointed: event => notify('checkpointed', event),
      },
      this.#context.checkpoint,
      {
        oldIsThere: old !== undefined,
        snapshotBytes,
        // A snapshot of an older schema counts as none.
        snapshotSequence: snapshotVersion === schema.version ? (snapshotSequence ?? -1) : -1,
      },
    );
    checkpoint.quarantine(damages);
    return checkpoint;
  }

  async #takeUpJournal(recovered: Recovered, checkpoint: Checkpoint): Promise<Journal> {
    const { fs, files, logger, notify } = this.#context;
    const { journal, damages, sequence } = recovered;
    const holdsRecords = journal !== undefined && journal.last > journal.after;
    const isOurs = JSON.stringify(journal?.header) === JSON.stringify(this.#header) && journal?.last === sequence;
    if (journal?.torn) notify('tornTail', { file: files.journal, bytes: journal.size - journal.soundEnd });
    if (damages.length === 0 && isOurs) {
      return Journal.resume(fs, files, logger, { end: journal.soundEnd, sequence });
    }
    // Damaged, or written for other statements: a snapshot must hold its records before a new one takes its place.
    if (damages.length > 0 || holdsRecords) await checkpoint.replaceAll();
    return Journal.create(fs, files, logger, this.#header, sequence);
  }

  async #load(worker: SqlWorker, goLive: () => void): Promise<void> {
    const { fs, files, schema } = this.#context;
    if (!this.#parts) {
      this.#recovered = await recover(fs, files, schema, worker);
      goLive();
      return;
    }
    const { journal, checkpoint } = this.#parts;
    await this.#journalTurn(() => journal.mend());
    let at = journal.end;
    const recovered = await recover(fs, files, schema, worker, at);
    checkpoint.quarantine(recovered.damages);
    let last = recovered.sequence;
    while (journal.end > at) {
      const limit = journal.end;
      last = (await catchUp(fs, files, schema, worker, { from: at, limit, last }))?.last ?? last;
      at = limit;
    }
    goLive();
  }

  async #append(bytes: Buffer, sequence: number): Promise<void> {
    try {
      await this.#journalTurn(async () => {
        if (this.#sql.failure) throw this.#sql.failure;
        await this.#ready.journal.append(bytes, sequence);
        this.#sql.committed(bytes);
      });
    } catch (error) {
      throw fileError('The journal could not be written', error);
    }
    this.#checkpointIfDue();
  }

  #checkpointIfDue(): void {
    const { journal, checkpoint } = this.#ready;
    if (this.#checkpointing || !checkpoint.isDue(journal.recordBytes)) return;
    this.#checkpointing = true;
    void this.#maintenance(() => checkpoint.run())
      .catch((error: unknown) => {
        // A thread that died is told of by itself, and the next checkpoint comes when it is back.
        if (!(error instanceof WorkerDied)) this.#tell('The snapshot could not be written', error);
      })
      .finally(() => {
        this.#checkpointing = false;
      });
  }

  #tell(doing: string, error: unknown): void {
    this.#context.notify('error', { error: fileError(doing, toError(error)), path: this.#context.files.db });
  }
}

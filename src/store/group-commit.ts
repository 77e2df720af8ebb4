/** Group commit: whatever came while the last batch went to the disk, and shortly after it, goes out with the next. */
import { encodeRecords, type Payload } from './record.js';

/** How much goes out at once: so little that encoding it does not hold up the event loop. */
const BATCH_BYTES = 256 * 1024;
/**
 * How long a batch waits at most for company, in ms, where the one before it had more than one record: those who were
 * waiting for that one go on to their next step, and write it together. Who writes alone never waits.
 */
const COMPANY_MS = 1;

/** Where batches go. */
export interface CommitTarget {
  /** Resolves when the batch, of which `sequence` is the last record, is on the disk. `bytes` become its own. */
  append(bytes: Buffer, sequence: number): Promise<void>;
  /** Resolves when there is room for more; never rejects. */
  room(): Promise<void>;
}

interface Waiting {
  payload: Payload;
  resolve: () => void;
  reject: (error: unknown) => void;
}

export class GroupCommit {
  readonly #target: CommitTarget;
  #sequence: number;
  #waiting: Waiting[] = [];
  #next = 0;
  #running: Promise<void> | undefined;
  /** How many records the last batch had. */
  #lastCount = 0;
  #lastEndedAt = 0;
  #enough: (() => void) | undefined;

  /** @param sequence The number of the last record that is on the disk. */
  constructor(target: CommitTarget, sequence: number) {
    this.#target = target;
    this.#sequence = sequence;
  }

  /** Resolves when the record is on the disk; rejects when it is not and will not be. */
  add(payload: Payload): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ payload, resolve, reject });
      if (this.#waiting.length - this.#next >= this.#lastCount) this.#enough?.();
      this.#running ??= this.#run();
    });
  }

  /** Resolves when every record that was added has been dealt with. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // One turn, so that the writes of one synchronous stretch go out together.
    await undefined;
    while (this.#next < this.#waiting.length) {
      if (this.#lastCount > 1 && performance.now() - this.#lastEndedAt < COMPANY_MS) await this.#company();
      await this.#target.room();
      await this.#write(this.#take());
      this.#lastEndedAt = performance.now();
    }
    this.#running = undefined;
  }

  /** Resolves when as many wait as the last batch had, or after {@link COMPANY_MS}. */
  async #company(): Promise<void> {
    if (this.#waiting.length - this.#next >= this.#lastCount) return;
    const enough = new Promise<void>(resolve => {
      this.#enough = resolve;
    });
    const timer = setTimeout(() => this.#enough?.(), COMPANY_MS);
    await enough;
    clearTimeout(timer);
    this.#enough = undefined;
  }

  async #write(batch: Waiting[]): Promise<void> {
    this.#lastCount = batch.length;
    const payloads = batch.map(({ payload }) => payload);
    const bytes = encodeRecords(payloads, this.#sequence + 1);
    try {
      await this.#target.append(bytes, this.#sequence + batch.length);
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return;
    }
    this.#sequence += batch.length;
    for (const { resolve } of batch) resolve();
  }

  #take(): Waiting[] {
    const start = this.#next;
    let bytes = 0;
    while (this.#next < this.#waiting.length && bytes < BATCH_BYTES) {
      bytes += this.#waiting[this.#next]?.payload.bytes ?? 0;
      this.#next += 1;
    }
    const batch = this.#waiting.slice(start, this.#next);
    // Now and then, so that a queue that never runs empty neither grows nor is copied for each batch.
    if (this.#next * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    return batch;
  }
}

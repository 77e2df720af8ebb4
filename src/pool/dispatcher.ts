/** Gives waiting files to workers: whose turn it is, is decided when a worker is free. */
import type { ActiveFile } from './active-file.js';
import type { ConverterEntry } from './converter-entry.js';
import { Schedule } from './schedule.js';

/** What a dispatcher is made with. */
export interface DispatcherOptions {
  concurrency: number;
  /**
   * Works on a file. Never rejects.
   * @param free To be called when what is left to do for the file needs no worker, so that the next one may begin; at the
   * end it is free anyway.
   */
  run: (file: ActiveFile, free: () => void) => Promise<void>;
  /** Whether files of this converter may go on now. */
  isOpen: (entry: ConverterEntry) => boolean;
  /** What the workers have, or what waits for them, may have changed. */
  onTurns: () => void;
  /** A worker has become free. */
  onFree: () => void;
}

/** So many files may be brought to their end beside those that workers have. */
const MAX_BESIDE = 64;

/** Runs at most `concurrency` files at the same time. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #schedule = new Schedule<ActiveFile>();
  /** Files that may have killed the process: each runs alone. */
  readonly #suspects: ActiveFile[] = [];
  readonly #running = new Map<Promise<void>, ActiveFile>();
  #busy = 0;
  #alone = false;
  #started = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** How many workers have a file. */
  get busy(): number {
    return this.#busy;
  }

  /** How many files are being worked on, by a worker or beside them. */
  get working(): number {
    return this.#running.size;
  }

  /** How many wait for a worker. */
  get waiting(): number {
    return this.#schedule.size + this.#suspects.length;
  }

  /** The files that workers would take next, as things are now: one for each. */
  upcoming(): ActiveFile[] {
    const { concurrency, isOpen } = this.#options;
    return this.#alone || !this.#started ? [] : this.#schedule.upcoming(concurrency, head => isOpen(head.entry));
  }

  put(file: ActiveFile): void {
    if (file.suspect) this.#suspects.push(file);
    else this.#schedule.put(file.entry.converter.name, file);
    this.pump();
  }

  start(): void {
    this.#started = true;
    this.pump();
  }

  /** Takes nothing more. What runs goes on. */
  stop(): void {
    this.#started = false;
  }

  /** Resolves when nothing runs any more. */
  async finished(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.keys());
  }

  /** Resolves when no file of this entry is being worked on. None may be put any more. */
  async finishedOf(entry: ConverterEntry): Promise<void> {
    // Or may be: it may just be asked whether it takes the file.
    const isAsked = ({ record }: ActiveFile): boolean => record.converter === null && record.root === entry.watchFolder;
    const its = [...this.#running].filter(([, file]) => file.entry === entry || isAsked(file));
    await Promise.all(its.map(([done]) => done));
  }

  /** Takes files out that wait, by what they are. What runs goes on. */
  withdraw(wanted: (file: ActiveFile) => boolean): ActiveFile[] {
    const suspects = this.#suspects.filter(wanted);
    for (const file of suspects) this.#suspects.splice(this.#suspects.indexOf(file), 1);
    return [...suspects, ...this.#schedule.withdraw(wanted)];
  }

  /** Gives work to whoever is free. To be called when something opens. */
  pump(): void {
    const { concurrency, onTurns } = this.#options;
    onTurns();
    while (this.#started && !this.#alone && this.#busy < concurrency && this.#running.size < concurrency + MAX_BESIDE) {
      const file = this.#next();
      if (!file) return;
      this.#begin(file);
    }
  }

  #begin(file: ActiveFile): void {
    const { suspect } = file;
    this.#alone = suspect;
    this.#busy += 1;
    let holds = true;
    const free = (): void => {
      if (!holds) return;
      holds = false;
      this.#busy -= 1;
      this.pump();
    };
    // While nothing may run beside it, it keeps its worker to the end.
    const done: Promise<void> = this.#options.run(file, suspect ? () => undefined : free).finally(() => {
      this.#running.delete(done);
      if (suspect) this.#alone = false;
      file.suspect = false;
      free();
      this.pump();
      this.#options.onFree();
    });
    this.#running.set(done, file);
  }

  #next(): ActiveFile | undefined {
    const { isOpen } = this.#options;
    const suspect = this.#suspects.findIndex(file => isOpen(file.entry));
    if (suspect >= 0) return this.#running.size === 0 ? this.#suspects.splice(suspect, 1)[0] : undefined;
    return this.#schedule.take(head => isOpen(head.entry));
  }
}

/** Runs the schedule of one converter: one run at a time, a missed one once, a failed one again with growing delays. */
import { sleep, type Timer } from '../../clock.js';
import type { PulledItem, ScheduledConverter } from '../../converters/scheduled-converter.js';
import { ConverterError, MillraceError, toError } from '../../errors.js';
import { errorWithoutSecrets } from '../../observe/secrets.js';
import type { ConverterEntry } from '../converter-entry.js';
import type { PoolContext } from '../pool-context.js';
import { runOnce } from './one-run.js';
import { type PullState, readPullState, writePullState } from './pull-state.js';
import { Spool } from './spool.js';
import { type Timetable, timetable } from './timetable.js';

/** Whom a puller asks and tells. */
export interface PullerExits {
  /** Why nothing may be pulled now. */
  closedBecause: (entry: ConverterEntry) => string | undefined;
  /** A file has come to the watch folder. */
  onFile: (entry: ConverterEntry, path: string) => void;
  onQuiet: () => void;
}

/** How long a timer runs at most: a machine that slept is noticed after this, since timers do not run while it does. */
const LOOK_AT_CLOCK_MS = 30_000;
const LOOK_AGAIN_MS = 1_000;
const LONGEST_DELAY_MS = 3_600_000;

/** From {@link start} to {@link stop}. */
export class Puller {
  readonly entry: ConverterEntry;
  readonly #converter: ScheduledConverter;
  readonly #context: PoolContext;
  readonly #exits: PullerExits;
  readonly #timetable: Timetable;
  readonly #folder: string;
  readonly #spool: Spool;
  readonly #abort = new AbortController();
  #state: PullState | undefined;
  #timer: Timer | undefined;
  #failures = 0;
  /** After a failure: not before this time, in epoch ms. */
  #notBefore = 0;
  #working: Promise<void> | undefined;
  /** What is left of a run that was given up and has not ended: runs never overlap. */
  readonly #abandoned = new Set<Promise<unknown>>();

  constructor(context: PoolContext, entry: ConverterEntry, converter: ScheduledConverter, exits: PullerExits) {
    this.entry = entry;
    this.#converter = converter;
    this.#context = context;
    this.#exits = exits;
    this.#timetable = timetable(entry.schedule ?? converter.schedule);
    this.#folder = entry.watchFolder;
    this.#spool = new Spool(context.fs, context.ledger, entry.watchFolder);
  }

  /** It pulls, or is about to. */
  get busy(): boolean {
    return this.#working !== undefined;
  }

  /** Begins, once whoever pulled for this converter before has ended. */
  start(before: Promise<void>): void {
    this.#work(async () => {
      await before;
      await this.#spool.sweep();
      this.#state = await this.#restore();
    });
  }

  /** Ends a run that is under way. Resolves when there is none; never rejects. */
  async stop(): Promise<void> {
    this.#abort.abort(new MillraceError('POOL_STOPPING', `'${this.#converter.name}' stopped while it pulled`));
    if (this.#timer) this.#context.clock.clearTimeout(this.#timer);
    await this.#working;
  }

  #work(task: () => Promise<void>): void {
    this.#working = task()
      .catch((thrown: unknown) => this.#failed(toError(thrown)))
      .then(() => {
        this.#working = undefined;
        this.#plan();
        if (!this.busy) this.#exits.onQuiet();
      });
  }

  /** Runs what is due, or sleeps until it may be. */
  #plan(): void {
    if (this.#abort.signal.aborted) return;
    const { clock } = this.#context;
    const now = clock.now();
    const dueAt = Math.max(this.#notBefore, this.#dueAt(now));
    const isOpen = this.#abandoned.size === 0 && this.#exits.closedBecause(this.entry) === undefined;
    if (dueAt <= now && isOpen) {
      this.#work(() => this.#run(now));
      return;
    }
    const delayMs = dueAt <= now ? LOOK_AGAIN_MS : Math.min(dueAt - now, LOOK_AT_CLOCK_MS);
    this.#timer = clock.setTimeout(() => this.#plan(), delayMs);
    this.#timer.unref();
  }

  #dueAt(now: number): number {
    // Before the books of this converter could be read, nothing is pulled but a new try to read them.
    if (!this.#state) return now;
    // A clock that was set back must not stop the schedule until it has come round again.
    const { since, lastDueAt } = this.#state;
    return this.#timetable.next(lastDueAt === undefined ? undefined : Math.min(lastDueAt, now), Math.min(since, now));
  }

  async #run(dueAt: number): Promise<void> {
    const { clock, logger, stationName, notify } = this.#context;
    this.#state ??= await this.#restore();
    const { cursor, lastDueAt } = this.#state;
    const startedAt = clock.monotonic();
    const { items, known } = await runOnce({
      converter: this.#converter,
      context: {
        arguments: this.entry.arguments,
        logger,
        stationName,
        cursor,
        lastRunAt: lastDueAt === undefined ? undefined : new Date(lastDueAt),
      },
      clock,
      signal: this.#abort.signal,
      timeoutMs: this.entry.timeoutMs,
      keep: batch => this.#keep(batch),
      onAbandoned: task => {
        this.#abandoned.add(task);
        const left = (): void => void this.#abandoned.delete(task);
        task.then(left, left);
      },
    });
    await this.#save({ ...this.#state, lastDueAt: dueAt });
    this.#failures = 0;
    this.#notBefore = 0;
    const durationMs = clock.monotonic() - startedAt;
    notify('pulled', { converter: this.#converter.name, items, known, durationMs });
  }

  async #keep(batch: readonly PulledItem[]): Promise<number> {
    await this.#open();
    const paths = await this.#spool.keep(batch);
    const last = [...batch].reverse().find(item => item.cursor !== undefined);
    if (last && this.#state) await this.#save({ ...this.#state, cursor: last.cursor });
    for (const path of paths) this.#exits.onFile(this.entry, path);
    return paths.length;
  }

  /** Waits until there is room for more. */
  async #open(): Promise<void> {
    const { clock } = this.#context;
    const { signal } = this.#abort;
    while (this.#exits.closedBecause(this.entry) !== undefined) {
      await sleep(clock, LOOK_AGAIN_MS, signal);
      signal.throwIfAborted();
    }
  }

  async #restore(): Promise<PullState> {
    const { fs, clock, notify } = this.#context;
    try {
      const state = await readPullState(fs, this.#folder);
      if (state) return state;
    } catch (thrown) {
      if ((thrown as Partial<MillraceError>).code !== 'STORE_DAMAGED') throw thrown;
      // Everything is pulled anew; what was pulled before is known by the ledger.
      notify('error', { error: toError(thrown) });
    }
    const state = { since: clock.now() };
    await writePullState(fs, this.#folder, state);
    return state;
  }

  async #save(state: PullState): Promise<void> {
    await writePullState(this.#context.fs, this.#folder, state);
    this.#state = state;
  }

  #failed(thrown: Error): void {
    if (this.#abort.signal.aborted) return;
    const { clock, notify, secrets } = this.#context;
    const wrapped =
      thrown instanceof MillraceError ? thrown : new ConverterError(thrown.message, { cause: thrown }, 'PULL_FAILED');
    const error = errorWithoutSecrets(wrapped, secrets.hide);
    this.#failures += 1;
    const retryAfterMs = Math.min(LONGEST_DELAY_MS, this.entry.retryDelayMs * 2 ** (this.#failures - 1));
    this.#notBefore = clock.now() + retryAfterMs;
    notify('pullFailed', { converter: this.#converter.name, error, failures: this.#failures, retryAfterMs });
  }
}

/** Takes waiting reports in their order, sends as many at a time as the gate lets through, and deals with each answer. */
import { randomUUID } from 'node:crypto';
import type { Timer } from '../clock.js';
import { ServiceError, SubmitError, toError } from '../errors.js';
import type { SubmitResult } from '../submit/submitter.js';
import type { Core } from './core.js';
import { type Item, type ItemMeta, identityOf } from './item.js';
import { ItemDesk, type Loaded } from './item-desk.js';
import type { RetryPermit } from './retry-budget.js';
import { retryDelayMs } from './retry-policy.js';
import type { Settlement } from './settlement.js';
import { transmit, untilAborted } from './transmit.js';

/** A report whose turn it is, and its right to a retry where it has failed before. */
interface Turn {
  item: Item;
  permit: RetryPermit | undefined;
}

/** How long the server has to answer a probe, in ms. */
const PROBE_DEADLINE_MS = 5_000;
/** Above this many reports whose outcome could not be settled, nothing more is sent. */
const MAX_UNSETTLED = 1_000;

export class Sender {
  readonly #core: Core;
  readonly #settlement: Settlement;
  readonly desk: ItemDesk;
  readonly #running = new Set<Promise<void>>();
  readonly #onRest: () => void;
  #on = false;
  #timer: Timer | undefined;

  /** @param onRest Called when a report is no longer on its way, whatever came of it. */
  constructor(core: Core, settlement: Settlement, onRest: () => void) {
    this.#core = core;
    this.#settlement = settlement;
    this.#onRest = onRest;
    this.desk = new ItemDesk(core, settlement);
  }

  get sending(): number {
    return this.#running.size;
  }

  start(): void {
    this.#on = true;
    this.pump();
  }

  /** Takes nothing more. */
  stop(): void {
    this.#on = false;
    this.#setTimer(undefined);
  }

  /** Resolves when nothing is on its way. */
  async finished(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Sends what may be sent now. Call it whenever something changed that may let a report through. */
  pump(): void {
    if (!this.#on) return;
    const { index, gate, budget, options } = this.#core;
    const now = options.clock.monotonic();
    // Both are asked before they are used: what changed in between would leave the queue without a timer.
    const holdMs = gate.holdMs;
    let retries = budget.available;
    while (index.waiting.hasReady(now, retries) && this.#settlement.backlog < MAX_UNSETTLED && gate.tryEnter()) {
      const turn = this.#begin(index.waiting.take(now, retries));
      if (turn) this.#track(this.#send(turn));
      else gate.leave();
      retries = budget.available;
    }
    this.#schedule(now, holdMs, retries);
  }

  /** For the gate: ms until {@link probe} may ask with a report. A probe with one that has failed before is a retry like any other. */
  get probeInMs(): number {
    const { index, budget, options } = this.#core;
    if (index.waiting.size === 0 || index.waiting.hasReady(options.clock.monotonic(), false)) return 0;
    return budget.nextInMs;
  }

  /** For the gate: finds out whether the server can be used, with the submitter's probe and a single report. */
  async probe(): Promise<void> {
    const { submitter, options, abort } = this.#core;
    if (submitter.probe) {
      const deadline = new AbortController();
      const forward = () => deadline.abort(abort.signal.reason);
      abort.signal.addEventListener('abort', forward, { once: true });
      const late = new SubmitError('The server did not answer a probe in time', { kind: 'transient' });
      const timer = options.clock.setTimeout(() => deadline.abort(late), PROBE_DEADLINE_MS);
      timer.unref();
      try {
        await untilAborted(deadline.signal, async () => submitter.probe?.(deadline.signal));
      } finally {
        options.clock.clearTimeout(timer);
        abort.signal.removeEventListener('abort', forward);
      }
    }
    const trial = this.#trial();
    this.#track(
      trial.then(
        () => undefined,
        () => undefined,
      ),
    );
    await trial;
  }

  async #trial(): Promise<void> {
    for (;;) {
      const turn = this.#on ? this.#takeForTrial() : undefined;
      if (!turn) return;
      const loaded = await this.#load(turn);
      if (!loaded) continue;
      const error = await this.#attempt(turn, loaded, request => request());
      if (error) throw error;
      return;
    }
  }

  /** While anything waits, a probe asks with it: nothing due is no answer of the server. */
  #takeForTrial(): Turn | undefined {
    const { index, budget, options } = this.#core;
    const now = options.clock.monotonic();
    // While the breaker is open nobody else retries: the budget that `probeInMs` found is still there.
    const retries = budget.available;
    return this.#begin(index.waiting.take(now, retries) ?? (retries ? index.waiting.takeInBackoff() : undefined));
  }

  #begin(item: Item | undefined): Turn | undefined {
    const { index, budget } = this.#core;
    if (!item) return undefined;
    const permit = item.attempts > 0 ? budget.take() : undefined;
    index.update(item, { state: 'processing' });
    return { item, permit };
  }

  async #load({ item, permit }: Turn): Promise<Loaded | undefined> {
    const loaded = await this.desk.load(item);
    if (!loaded) permit?.giveBack();
    return loaded;
  }

  async #send(turn: Turn): Promise<void> {
    const { gate } = this.#core;
    const loaded = await this.#load(turn);
    if (!loaded) return gate.leave();
    await this.#attempt(turn, loaded, request => gate.run(request));
  }

  /** Submits and deals with the answer; resolves with the error, if any. */
  async #attempt(
    { item, permit }: Turn,
    { report, meta }: Loaded,
    run: (request: () => Promise<SubmitResult>) => Promise<SubmitResult>,
  ): Promise<Error | undefined> {
    const { options, counters, notify, abort } = this.#core;
    const { id, attempts } = item;
    const { correlationId } = meta;
    const attemptId = randomUUID();
    const startedAt = options.clock.monotonic();
    try {
      const result = await run(() => {
        permit?.use();
        const attempt = attempts + 1;
        return transmit(this.#core, report, {
          ...identityOf(meta),
          attempt,
          attemptId,
          signal: abort.signal,
        });
      }).finally(() => permit?.giveBack());
      counters.delivered += 1;
      const { id: serverId, response } = result;
      notify('submitted', {
        id,
        attempts,
        attemptId,
        durationMs: options.clock.monotonic() - startedAt,
        direct: false,
        correlationId,
        ...(serverId === undefined ? {} : { serverId }),
        ...(response === undefined ? {} : { response }),
      });
      this.#settlement.settle(item, meta, { kind: 'delivered', result });
      return undefined;
    } catch (thrown) {
      const error = toError(thrown);
      await this.#failed(item, meta, { error, attemptId });
      return error;
    }
  }

  async #failed(item: Item, meta: ItemMeta, { error, attemptId }: { error: Error; attemptId: string }): Promise<void> {
    const { options, notify } = this.#core;
    if (error instanceof ServiceError || !(error instanceof SubmitError) || error.kind === 'unauthorized') {
      return this.desk.putBack(item, item.attempts, 0);
    }
    const attempts = item.attempts + 1;
    if (error.permanent || attempts >= options.maxAttempts) {
      return this.desk.giveUp(item, meta, error, { attempts, attemptId });
    }
    const delayMs = retryDelayMs(attempts, options.retry, error.retryAfterMs, options.random);
    await this.desk.putBack(item, attempts, delayMs);
    const { maxAttempts } = options;
    const { id } = item;
    const { correlationId } = meta;
    notify('retrying', { id, attempts, maxAttempts, attemptId, delayMs, error, correlationId });
  }

  #track(sending: Promise<void>): void {
    const run: Promise<void> = sending
      .catch((thrown: unknown) => this.#core.notify('error', { error: toError(thrown) }))
      .finally(() => {
        this.#running.delete(run);
        this.pump();
        this.#onRest();
      });
    this.#running.add(run);
  }

  /** One timer for all: when the next report is due, the budget has a retry again, or the server may be asked again. */
  #schedule(now: number, holdMs: number, retries: boolean): void {
    const { index, budget } = this.#core;
    const waits: number[] = [];
    const due = index.waiting.nextDueInMs(now);
    if (due !== undefined) waits.push(due);
    if (index.waiting.hasReady(now, true)) {
      if (holdMs > 0) waits.push(holdMs);
      else if (!index.waiting.hasReady(now, retries)) waits.push(budget.nextInMs);
    }
    this.#setTimer(waits.length > 0 ? Math.max(1, Math.min(...waits)) : undefined);
  }

  #setTimer(delayMs: number | undefined): void {
    const { clock } = this.#core.options;
    if (this.#timer) clock.clearTimeout(this.#timer);
    this.#timer = delayMs === undefined ? undefined : clock.setTimeout(() => this.pump(), delayMs);
    this.#timer?.unref();
  }
}

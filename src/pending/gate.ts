/**
 * Whether and how many requests may go to the server. It is shut while the breaker is open, while our credentials are
 * refused, and while the server asked us to wait; one probe at a time finds out whether it may open again.
 */
import type { Clock, Timer } from '../clock.js';
import { ServiceError, SubmitError } from '../errors.js';
import { toSubmitError } from '../submit/submitter.js';
import { Breaker, type BreakerListener, type BreakerState } from './breaker.js';
import { Ramp } from './ramp.js';

export type { BreakerState } from './breaker.js';

export interface GateOptions extends BreakerListener {
  clock: Clock;
  random: () => number;
  concurrency: number;
  failureThreshold: number;
  resetTimeoutMs: number;
  probeIntervalMs: number;
  /** Resolves when the server can be used again; rejects with a SubmitError when it cannot. */
  probe: () => Promise<void>;
  /** Ms until {@link probe} may be called; 0 when it may. */
  probeInMs: () => number;
  /** The credentials are refused. Told once, until they are accepted again. */
  onUnauthorized: (error: SubmitError) => void;
  /** Something changed that may let requests through, or stop them. */
  onChange: () => void;
}

/** A request that was asked to wait its turn stands in line no longer than for this many per slot. */
const LINE_PER_SLOT = 4;

export class Gate {
  readonly #options: GateOptions;
  readonly #breaker: Breaker;
  readonly #ramp: Ramp;
  readonly #line = new Set<(entered: boolean) => void>();
  #unauthorized: SubmitError | undefined;
  #holdUntil = Number.NEGATIVE_INFINITY;
  #active = 0;
  #probing = false;
  #probeDue = false;
  #timer: Timer | undefined;
  #shut = true;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#ramp = new Ramp(options.concurrency);
    this.#breaker = new Breaker(options.failureThreshold, {
      onOpen: error => {
        this.#ramp.restart();
        options.onOpen(error);
        this.#probeLater(options.resetTimeoutMs);
      },
      onHalfOpen: options.onHalfOpen,
      onClose: options.onClose,
    });
  }

  get breakerState(): BreakerState {
    return this.#breaker.state;
  }

  /** Why the server counts as unreachable, or `undefined`. */
  get offlineReason(): string | undefined {
    if (this.#unauthorized) return this.#unauthorized.message;
    return this.#breaker.state === 'closed' ? undefined : 'the server failed again and again';
  }

  /** The server refuses our credentials. */
  get unauthorized(): boolean {
    return this.#unauthorized !== undefined;
  }

  /** A probe is due at once or on its way. */
  get probing(): boolean {
    return this.#probing || this.#probeDue;
  }

  get active(): number {
    return this.#active;
  }

  get limit(): number {
    return this.#ramp.limit;
  }

  /** Ms until the server may be asked again after a `Retry-After`; 0 when it may. */
  get holdMs(): number {
    return Math.max(0, this.#holdUntil - this.#options.clock.monotonic());
  }

  /** Lets requests through. @param gently Start with one at a time. */
  open(gently: boolean): void {
    this.#shut = false;
    if (gently) this.#ramp.restart();
    if (this.offlineReason !== undefined) this.#probeLater(0);
    this.#options.onChange();
  }

  /** Lets nothing more through. Requests on their way go on. */
  shut(): void {
    this.#shut = true;
    if (this.#timer) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#probeDue = false;
    this.#clearLine();
  }

  /** Takes a slot where one is free. Each `true` must be followed by one {@link run}. */
  tryEnter(): boolean {
    if (!this.#isOpen() || this.#active >= this.#ramp.limit) return false;
    this.#active += 1;
    return true;
  }

  /** As {@link tryEnter}, but stands in line for a moment; `false` when the line is long or the gate shuts. */
  async enter(signal: AbortSignal | undefined): Promise<boolean> {
    if (this.tryEnter()) return true;
    if (!this.#isOpen() || signal?.aborted || this.#line.size >= LINE_PER_SLOT * this.#options.concurrency)
      return false;
    return new Promise(resolve => {
      const leave = (entered: boolean) => {
        this.#line.delete(leave);
        signal?.removeEventListener('abort', giveUp);
        resolve(entered);
      };
      const giveUp = () => leave(false);
      this.#line.add(leave);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Gives a slot back that was taken for nothing. */
  leave(): void {
    this.#active -= 1;
    this.#advanceLine();
    this.#options.onChange();
  }

  /** Runs a request in the slot that was taken. @throws {SubmitError} of the request; {ServiceError} when it was not sent. */
  async run<T>(request: () => Promise<T>): Promise<T> {
    const startedAt = this.#options.clock.monotonic();
    try {
      // It may have shut while the report was read from the disk; the breaker would take this request for its probe.
      if (this.offlineReason !== undefined) throw new ServiceError('POOL_STOPPING', 'Sending has stopped meanwhile');
      const result = await this.#breaker.run(() => this.#noted(request));
      this.#ramp.succeeded();
      return result;
    } catch (thrown) {
      if (thrown instanceof SubmitError && thrown.kind === 'transient')
        this.#ramp.failed(startedAt, this.#options.clock.monotonic());
      throw thrown;
    } finally {
      this.leave();
    }
  }

  /** Asks the server now instead of at the end of the waiting time. */
  probeNow(): void {
    if (this.offlineReason === undefined || this.#shut || this.#probing) return;
    this.#probeDue = this.holdMs === 0;
    this.#probeLater(0);
  }

  async #noted<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (thrown) {
      // The queue is stopping, which tells nothing about the server.
      if (thrown instanceof ServiceError) throw thrown;
      const error = toSubmitError(thrown);
      if (error.kind === 'unauthorized') this.#refuse(error);
      if (error.retryAfterMs !== undefined && error.transient) {
        this.#holdUntil = Math.max(this.#holdUntil, this.#options.clock.monotonic() + error.retryAfterMs);
        this.#clearLine();
      }
      throw error;
    }
  }

  #refuse(error: SubmitError): void {
    const first = this.#unauthorized === undefined;
    this.#unauthorized = error;
    this.#ramp.restart();
    this.#clearLine();
    if (first) this.#options.onUnauthorized(error);
    this.#probeLater(this.#options.probeIntervalMs);
  }

  #isOpen(): boolean {
    return !this.#shut && this.offlineReason === undefined && this.holdMs === 0;
  }

  #probeLater(delayMs: number): void {
    this.#clearLine();
    const { clock, random } = this.#options;
    if (this.#shut || this.#probing) return;
    if (this.#timer) clock.clearTimeout(this.#timer);
    const waitMs = Math.max(delayMs, this.holdMs);
    // A hall of stations that lost their server together must not come back together.
    this.#timer = clock.setTimeout(() => void this.#probe(), waitMs * (1 + random() * 0.1));
    this.#timer.unref();
  }

  async #probe(): Promise<void> {
    this.#timer = undefined;
    const delayMs = this.#options.probeInMs();
    if (delayMs > 0) return this.#probeLater(delayMs);
    this.#probeDue = false;
    if (this.#shut || this.#probing || this.offlineReason === undefined) return;
    this.#probing = true;
    const wasUnauthorized = this.#unauthorized !== undefined;
    try {
      await this.#breaker.run(() => this.#noted(this.#options.probe));
      this.#unauthorized = undefined;
    } catch (thrown) {
      // A refused report, too, shows that the server answers and takes our credentials.
      if (thrown instanceof SubmitError && thrown.permanent) this.#unauthorized = undefined;
    }
    this.#probing = false;
    if (this.offlineReason !== undefined) {
      this.#probeLater(wasUnauthorized ? this.#options.probeIntervalMs : this.#options.resetTimeoutMs);
    }
    this.#options.onChange();
  }

  #advanceLine(): void {
    for (const leave of this.#line) {
      if (!this.tryEnter()) return;
      leave(true);
    }
  }

  #clearLine(): void {
    for (const leave of this.#line) leave(false);
  }
}

/** The circuit breaker around one submitter, with its waiting time measured by our own clock. */
import { type CircuitBreakerPolicy, CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel';
import { SubmitError } from '../errors.js';

/** `open`: nothing is sent. `halfOpen`: a single probe is on its way. */
export type BreakerState = 'closed' | 'open' | 'halfOpen';

export interface BreakerListener {
  onOpen: (error: SubmitError | undefined) => void;
  onHalfOpen: () => void;
  onClose: () => void;
}

export class Breaker {
  readonly #policy: CircuitBreakerPolicy;

  constructor(failureThreshold: number, { onOpen, onHalfOpen, onClose }: BreakerListener) {
    const transient = handleWhen(error => error instanceof SubmitError && error.kind === 'transient');
    this.#policy = circuitBreaker(transient, {
      breaker: new ConsecutiveBreaker(failureThreshold),
      // Half-open whenever it is asked: it would measure the wait by the wall clock, which jumps on test stations.
      halfOpenAfter: Number.NEGATIVE_INFINITY,
    });
    this.#policy.onBreak(reason => {
      const error = 'error' in reason ? reason.error : undefined;
      onOpen(error instanceof SubmitError ? error : undefined);
    });
    this.#policy.onHalfOpen(onHalfOpen);
    this.#policy.onReset(onClose);
  }

  get state(): BreakerState {
    if (this.#policy.state === CircuitState.Closed) return 'closed';
    return this.#policy.state === CircuitState.HalfOpen ? 'halfOpen' : 'open';
  }

  /** Runs a request and counts its outcome. While the breaker is open the request is its probe. */
  run<T>(action: () => Promise<T>): Promise<T> {
    return this.#policy.execute(action);
  }
}

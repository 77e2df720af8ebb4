/** The one source of time and timers, so that tests can turn the clock and faults of a station's clock can be tried. */

/** A running timer. */
export interface Timer {
  /** Lets the process end while this timer runs. */
  unref(): unknown;
}

/** Time and timers. The default is {@link systemClock}; `millrace/testing` has one that is turned by hand. */
export interface Clock {
  /** Wall-clock time in epoch ms. It may jump: never measure a duration with it. */
  now(): number;
  /** Time in ms that only goes forward, from an arbitrary start. */
  monotonic(): number;
  /** Calls `callback` once, after `delayMs` (at most 2^31 - 1). */
  setTimeout(callback: () => void, delayMs: number): Timer;
  /** Takes a timer back. One that has run is no error. */
  clearTimeout(timer: Timer): void;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: timer => clearTimeout(timer as NodeJS.Timeout),
};

/** Resolves after `delayMs`; resolves early, without an error, when `signal` aborts. The timer does not keep the process alive. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal?.aborted) return resolve();
    const finish = () => {
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.setTimeout(finish, delayMs);
    timer.unref();
    signal?.addEventListener('abort', finish, { once: true });
  });
}

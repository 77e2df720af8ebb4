/** Something that several callers wait for, each until its own signal aborts. */

export class Milestone {
  readonly #waiting = new Set<() => void>();

  /** Whether anybody waits. */
  get awaited(): boolean {
    return this.#waiting.size > 0;
  }

  /** Resolves at the next {@link reached}; rejects with the signal's reason when that aborts first. */
  wait(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(arrive);
        signal?.removeEventListener('abort', abort);
      };
      const arrive = (): void => {
        leave();
        resolve();
      };
      const abort = (): void => {
        leave();
        reject(signal?.reason);
      };
      if (signal?.aborted) return abort();
      this.#waiting.add(arrive);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Lets everybody go on who waits now. */
  reached(): void {
    for (const arrive of [...this.#waiting]) arrive();
  }
}

/** One task at a time for each key, in the order in which they came. */

export class KeyedLock {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `task` when those before it with the same key have ended, however they ended. */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const current = before === undefined ? task() : before.then(task, task);
    this.#last.set(key, current);
    try {
      return await current;
    } finally {
      if (this.#last.get(key) === current) this.#last.delete(key);
    }
  }
}

/** Tells of file operations that take too long, as on a share that hangs: each once, while it still hangs. */
import type { Clock, Timer } from '../clock.js';
import type { FileSystem, OpenFile } from './file-system.js';

/** An operation that takes longer than its budget. */
export interface SlowOperation {
  /** Its name in the file system: `stat`, `open`, `file.read`, … */
  operation: string;
  path: string;
  /** For how long it has been under way, in ms. */
  elapsedMs: number;
}

/** What it is made with, and who is told. */
export interface SlowOperationsOptions {
  fs: FileSystem;
  clock: Clock;
  /** How long an operation may take, in ms. */
  budgetMs: number;
  onSlow: (slow: SlowOperation) => void;
}

interface Running {
  operation: string;
  path: string;
  startedAt: number;
  told: boolean;
}

/** Wraps a file system. One timer watches all that is under way. */
export class SlowOperations {
  /** What to use in its place. */
  readonly fs: FileSystem;
  readonly #options: SlowOperationsOptions;
  /** In the order in which they began. */
  readonly #running = new Set<Running>();
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: SlowOperationsOptions) {
    this.#options = options;
    this.fs = this.#watched(options.fs, '', undefined);
  }

  /** Tells nothing more. What is under way goes on. */
  close(): void {
    this.#closed = true;
    if (this.#timer) this.#options.clock.clearTimeout(this.#timer);
  }

  #watched<T extends FileSystem | OpenFile>(target: T, prefix: string, file: string | undefined): T {
    return new Proxy(target, {
      get: (object, name) => {
        const method: unknown = Reflect.get(object, name, object);
        if (typeof method !== 'function') return method;
        return async (...args: unknown[]): Promise<unknown> => {
          const path = file ?? String(args[0]);
          const result = await this.#run(`${prefix}${String(name)}`, path, () => Reflect.apply(method, object, args));
          return name === 'open' ? this.#watched(result as OpenFile, 'file.', path) : result;
        };
      },
    });
  }

  async #run(operation: string, path: string, action: () => unknown): Promise<unknown> {
    const running = { operation, path, startedAt: this.#options.clock.monotonic(), told: false };
    this.#running.add(running);
    this.#schedule(this.#options.budgetMs);
    try {
      return await action();
    } finally {
      this.#running.delete(running);
    }
  }

  #schedule(delayMs: number): void {
    if (this.#timer || this.#closed) return;
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#look();
    }, delayMs);
    this.#timer.unref();
  }

  #look(): void {
    const { clock, budgetMs, onSlow } = this.#options;
    const now = clock.monotonic();
    for (const running of this.#running) {
      if (running.told) continue;
      const elapsedMs = now - running.startedAt;
      // The rest began later. While nothing is under way there is no timer, which the next operation starts.
      if (elapsedMs < budgetMs) {
        this.#schedule(budgetMs - elapsedMs);
        return;
      }
      running.told = true;
      onSlow({ operation: running.operation, path: running.path, elapsedMs });
    }
  }
}

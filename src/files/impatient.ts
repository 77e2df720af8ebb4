/**
 * A file system for a start, which must not hang where a disk or share does: the first operation that gives no answer in
 * time fails, and with it everything that comes after, until {@link ImpatientFileSystem.calm}.
 */
import type { Clock } from '../clock.js';
import { toError } from '../errors.js';
import type { FileSystem, OpenFile } from './file-system.js';

/** What it is made with. */
export interface ImpatientOptions {
  fs: FileSystem;
  clock: Clock;
  /** How long an operation may take, in ms. */
  patienceMs: number;
  /** The error for an operation that gave no answer in time. */
  late: (operation: string, path: string) => Error;
}

/** What is written may take its time on a busy disk. Where a place hangs, it does so at the first look. */
const MAY_TAKE_LONG: ReadonlySet<string> = new Set(['file.write', 'file.sync', 'file.datasync', 'file.truncate']);

export class ImpatientFileSystem {
  /** What to use in place of the file system. */
  readonly fs: FileSystem;
  readonly #options: ImpatientOptions;
  readonly #underWay = new Set<(failure: Error) => void>();
  #failure: Error | undefined;
  #calm = false;

  constructor(options: ImpatientOptions) {
    this.#options = options;
    this.fs = this.#watched(options.fs, '', undefined);
  }

  /** The error of the operation that gave no answer, once there was one. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** From now on every operation may take as long as it takes. */
  calm(): void {
    this.#calm = true;
  }

  #watched<T extends FileSystem | OpenFile>(target: T, prefix: string, file: string | undefined): T {
    return new Proxy(target, {
      get: (object, name) => {
        const method: unknown = Reflect.get(object, name, object);
        if (typeof method !== 'function') return method;
        return (...args: unknown[]): unknown => {
          const action = (): Promise<unknown> => Reflect.apply(method, object, args);
          if (this.#calm) return action();
          const path = file ?? String(args[0]);
          const result = this.#run(`${prefix}${String(name)}`, path, action);
          return name === 'open' ? result.then(opened => this.#watched(opened as OpenFile, 'file.', path)) : result;
        };
      },
    });
  }

  async #run(operation: string, path: string, action: () => Promise<unknown>): Promise<unknown> {
    if (this.#failure) throw this.#failure;
    if (MAY_TAKE_LONG.has(operation)) return action();
    const { clock, patienceMs, late } = this.#options;
    const running = action();
    return new Promise((resolve, reject) => {
      const timer = clock.setTimeout(() => {
        this.#failure ??= late(operation, path);
        for (const giveUp of this.#underWay) giveUp(this.#failure);
      }, patienceMs);
      this.#underWay.add(reject);
      running
        .then(result => {
          // A file that opens after all is nobody's.
          if (this.#failure && operation === 'open') return (result as OpenFile).close();
          resolve(result);
        })
        .catch(thrown => reject(toError(thrown)))
        .finally(() => {
          clock.clearTimeout(timer);
          this.#underWay.delete(reject);
        });
    });
  }
}

/** A file system that fails when it is told to: the way to test a full disk, a virus scanner or a share that went away. */
import { type FileSystem, nodeFileSystem, type OpenFile } from '../files/file-system.js';

/** The operations that can fail: those of the file system, and those of an open file. */
export type FileOperation = keyof FileSystem | `file.${keyof OpenFile & string}`;

/** One rule of failure. */
export interface Fault {
  /** Which operation fails. Default: every one. */
  operation?: FileOperation | readonly FileOperation[];
  /** Which paths it fails on (either path of a rename or link). Default: all. */
  path?: RegExp | ((path: string) => boolean);
  /** The system's error code, such as `ENOSPC`. */
  code: string;
  /** How many matching calls succeed first. Default 0. */
  skip?: number;
  /** How many matching calls then fail. Default: all, until the fault is taken back. */
  times?: number;
  /** The operation is done before it is reported as failed, as when an answer is lost on the way from a share. */
  afterwards?: boolean;
}

/** A fault in force. */
export interface ActiveFault {
  /** How many calls it made fail. */
  readonly hits: number;
  /** Takes the fault back. */
  remove(): void;
}

interface Rule extends Fault {
  seen: number;
  hits: number;
}

/** Wraps a {@link FileSystem}, counts its operations and makes those fail that a {@link Fault} names. */
export class FaultyFileSystem implements FileSystem {
  readonly #inner: FileSystem;
  readonly #rules = new Set<Rule>();
  /** Every operation that was asked for, in order: the operation and its path. */
  readonly log: { operation: FileOperation; path: string }[] = [];
  /** Keep {@link log}? Default false: a long run would fill the memory. */
  logging = false;

  constructor(inner: FileSystem = nodeFileSystem) {
    this.#inner = inner;
  }

  /** From now on, calls that match the fault fail. */
  fail(fault: Fault): ActiveFault {
    const rule: Rule = { ...fault, seen: 0, hits: 0 };
    this.#rules.add(rule);
    return {
      get hits() {
        return rule.hits;
      },
      remove: () => void this.#rules.delete(rule),
    };
  }

  /** Takes all faults back. */
  heal(): void {
    this.#rules.clear();
  }

  /** {@link FileSystem.open}; the open file's operations fail, too, where a fault names them (`file.write`, …). */
  async open(path: string, flags: string, mode?: number): Promise<OpenFile> {
    const open = () => this.#inner.open(path, flags, mode);
    const file = await this.#run('open', [path], open, opened => opened.close());
    return new Proxy(file, {
      get: (target, name: keyof OpenFile & string) => {
        const method: unknown = Reflect.get(target, name, target);
        if (typeof method !== 'function') return method;
        return (...args: unknown[]) =>
          this.#run(`file.${name}`, [path], () => Reflect.apply(method, target, args) as Promise<unknown>);
      },
    });
  }

  /** {@link FileSystem.stat}, unless a fault says otherwise. */
  stat: FileSystem['stat'] = path => this.#run('stat', [path], () => this.#inner.stat(path));
  /** {@link FileSystem.lstat}, unless a fault says otherwise. */
  lstat: FileSystem['lstat'] = path => this.#run('lstat', [path], () => this.#inner.lstat(path));
  /** {@link FileSystem.readFile}, unless a fault says otherwise. */
  readFile: FileSystem['readFile'] = path => this.#run('readFile', [path], () => this.#inner.readFile(path));
  /** {@link FileSystem.readdir}, unless a fault says otherwise. */
  readdir: FileSystem['readdir'] = path => this.#run('readdir', [path], () => this.#inner.readdir(path));
  /** {@link FileSystem.mkdir}, unless a fault says otherwise. */
  mkdir: FileSystem['mkdir'] = (path, options) => this.#run('mkdir', [path], () => this.#inner.mkdir(path, options));
  /** {@link FileSystem.rmdir}, unless a fault says otherwise. */
  rmdir: FileSystem['rmdir'] = path => this.#run('rmdir', [path], () => this.#inner.rmdir(path));
  /** {@link FileSystem.rename}, unless a fault says otherwise. */
  rename: FileSystem['rename'] = (from, to) => this.#run('rename', [from, to], () => this.#inner.rename(from, to));
  /** {@link FileSystem.link}, unless a fault says otherwise. */
  link: FileSystem['link'] = (from, to) => this.#run('link', [from, to], () => this.#inner.link(from, to));
  /** {@link FileSystem.unlink}, unless a fault says otherwise. */
  unlink: FileSystem['unlink'] = path => this.#run('unlink', [path], () => this.#inner.unlink(path));
  /** {@link FileSystem.realpath}, unless a fault says otherwise. */
  realpath: FileSystem['realpath'] = path => this.#run('realpath', [path], () => this.#inner.realpath(path));
  /** {@link FileSystem.statfs}, unless a fault says otherwise. */
  statfs: FileSystem['statfs'] = path => this.#run('statfs', [path], () => this.#inner.statfs(path));

  /** @param giveBack Releases what `action` came to, where the caller never gets it. */
  async #run<T>(
    operation: FileOperation,
    paths: readonly string[],
    action: () => Promise<T>,
    giveBack?: (result: T) => Promise<void>,
  ): Promise<T> {
    if (this.logging) this.log.push({ operation, path: paths[0] ?? '' });
    const rule = this.#match(operation, paths);
    if (!rule) return action();
    // A close that reports an error has closed the file all the same, as close(2) does.
    if (rule.afterwards || operation === 'file.close') {
      const result = await action();
      await giveBack?.(result);
    }
    throw Object.assign(new Error(`${rule.code}: injected, ${operation} '${paths.join("' -> '")}'`), {
      code: rule.code,
      syscall: operation.replace('file.', ''),
      path: paths[0],
    });
  }

  #match(operation: FileOperation, paths: readonly string[]): Rule | undefined {
    for (const rule of this.#rules) {
      if (rule.operation !== undefined && ![rule.operation].flat().includes(operation)) continue;
      const { path } = rule;
      if (path && !paths.some(candidate => (path instanceof RegExp ? path.test(candidate) : path(candidate)))) continue;
      rule.seen += 1;
      if (rule.seen <= (rule.skip ?? 0) || rule.hits >= (rule.times ?? Number.POSITIVE_INFINITY)) continue;
      rule.hits += 1;
      return rule;
    }
    return undefined;
  }
}

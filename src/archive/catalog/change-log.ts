/**
 * What no blob's header tells (outcomes, pins, purges, policies), once more beside the catalog, so that all of it comes
 * back when the catalog is lost: `changes/{yyyy}-{MM}.jsonl`, and `changes/audit.jsonl` for the audit log; one call of a
 * catalog statement a line.
 *
 * It is a spare copy: written within moments after the catalog's journal, and flushed to the disk when the archive is
 * closed. What a killed process had not written yet is in the catalog. A line that is torn is left out when it is read.
 */
import { join } from 'node:path';
import type { Clock } from '../../clock.js';
import { systemCode, toError } from '../../errors.js';
import { writeAll } from '../../files/atomic-write.js';
import { type FileSystem, type OpenFile, PRIVATE_FILE, PRIVATE_FOLDER } from '../../files/file-system.js';
import type { Mutation, SqlValue } from '../../store/journaled-store.js';
import { readLines } from './read-lines.js';
import { STATEMENTS } from './statements.js';

const AUDIT_FILE = 'audit.jsonl';
/** How long lines wait for others, in ms; those of the audit log do not. */
const GATHER_MS = 20;
/** More than this is not kept in memory while it cannot be written. */
const MAX_WAITING = 100_000;

export class ChangeLog {
  readonly #fs: FileSystem;
  readonly #clock: Clock;
  readonly #folder: string;
  readonly #onError: (error: Error) => void;
  #waiting: Mutation[] = [];
  #writing: Promise<void> | undefined;
  /** Has what waits written now. */
  #hurry = (): void => undefined;
  readonly #files = new Map<string, OpenFile>();
  #failed = false;

  constructor(fs: FileSystem, clock: Clock, directory: string, onError: (error: Error) => void) {
    this.#fs = fs;
    this.#clock = clock;
    this.#folder = join(directory, 'changes');
    this.#onError = onError;
  }

  /** Takes calls that are in the catalog. What cannot be written now is written with the next. */
  append(mutations: readonly Mutation[]): void {
    if (mutations.length === 0) return;
    this.#waiting.push(...mutations);
    if (this.#waiting.length > MAX_WAITING) this.#waiting.splice(0, this.#waiting.length - MAX_WAITING);
    this.#writing ??= this.#write();
    if (mutations.some(isAudit)) this.#hurry();
  }

  /** Writes and flushes what waits, and lets go of the files. */
  async close(): Promise<void> {
    await this.#written();
    if (this.#waiting.length > 0) await this.#write();
    const handles = [...this.#files.values()];
    this.#files.clear();
    for (const handle of handles) {
      try {
        await handle.datasync().finally(() => handle.close());
      } catch (error) {
        // A spare copy that is not on the disk yet keeps nobody from closing the catalog.
        this.#onError(toError(error));
      }
    }
  }

  /** Every call that can be read, in order; those of the audit log last. @param only Those of the audit log alone. */
  async *read(only?: 'audit'): AsyncGenerator<Mutation> {
    await this.#written();
    let names: string[];
    try {
      names = await this.#fs.readdir(this.#folder);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return;
      throw error;
    }
    const wanted = names.filter(name => (only === 'audit' ? name === AUDIT_FILE : name.endsWith('.jsonl')));
    for (const name of wanted.sort()) {
      for await (const line of readLines(this.#fs, join(this.#folder, name))) {
        const mutation = parse(line);
        if (mutation) yield mutation;
      }
    }
  }

  async #written(): Promise<void> {
    this.#hurry();
    await this.#writing;
  }

  async #write(): Promise<void> {
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, GATHER_MS);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#append(AUDIT_FILE, batch.filter(isAudit));
        await this.#append(
          `${new Date(this.#clock.now()).toISOString().slice(0, 7)}.jsonl`,
          batch.filter(mutation => !isAudit(mutation)),
        );
        this.#failed = false;
      } catch (error) {
        this.#waiting = [...batch, ...this.#waiting];
        if (!this.#failed) this.#onError(toError(error));
        this.#failed = true;
        break;
      }
    }
    this.#writing = undefined;
  }

  async #append(name: string, mutations: readonly Mutation[]): Promise<void> {
    if (mutations.length === 0) return;
    const handle = this.#files.get(name) ?? (await this.#open(name));
    const lines = mutations.map(({ statement, params }) => `${JSON.stringify([statement, ...params])}\n`);
    // After a failure the last line may be torn: it must not swallow the next.
    await writeAll(handle, Buffer.from(`${this.#failed ? '\n' : ''}${lines.join('')}`));
  }

  async #open(name: string): Promise<OpenFile> {
    await this.#fs.mkdir(this.#folder, { recursive: true, mode: PRIVATE_FOLDER });
    const handle = await this.#fs.open(join(this.#folder, name), 'a', PRIVATE_FILE);
    try {
      // The process may have ended in the middle of a line.
      if ((await handle.stat()).size > 0) await writeAll(handle, Buffer.from('\n'));
    } catch (error) {
      await handle.close();
      throw error;
    }
    // Last month's file is not written to any more.
    for (const [other, open] of this.#files) {
      if (other === AUDIT_FILE || name === AUDIT_FILE) continue;
      this.#files.delete(other);
      await open.close();
    }
    this.#files.set(name, handle);
    return handle;
  }
}

function isAudit({ statement }: Mutation): boolean {
  return statement === 'addAudit';
}

function parse(line: string): Mutation | undefined {
  try {
    const call: unknown = JSON.parse(line);
    if (!Array.isArray(call) || !Object.hasOwn(STATEMENTS, String(call[0]))) return undefined;
    const [statement, ...params] = call as [string, ...SqlValue[]];
    return { statement, params };
  } catch {
    // Torn by a crash, or empty: what it said is in the catalog, and lost only together with that.
    return undefined;
  }
}

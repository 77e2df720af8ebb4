/** Keeps the ledger from growing for ever: rows of finished files are forgotten by age and number, their count is kept. */
import { join } from 'node:path';
import type { Timer } from '../clock.js';
import { toError } from '../errors.js';
import { exists } from '../files/free-name.js';
import type { PoolContext } from './pool-context.js';
import type { LedgerRetention } from './pool-options.js';

const INTERVAL_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Compacts once an hour. */
export class Compaction {
  readonly #context: PoolContext;
  readonly #retention: Required<LedgerRetention>;
  readonly #holds: (root: string) => Promise<boolean>;
  #timer: Timer | undefined;
  #stopped = false;
  #running: Promise<void> = Promise.resolve();

  /** @param holds Looks whether a watch folder (absolute) is there and is itself: what is not seen in another is not gone. */
  constructor(context: PoolContext, retention: Required<LedgerRetention>, holds: (root: string) => Promise<boolean>) {
    this.#context = context;
    this.#holds = holds;
    this.#retention = retention;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when it writes no more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer) this.#context.clock.clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, notify } = this.#context;
    try {
      await this.compact();
    } catch (thrown) {
      notify('error', { error: toError(thrown) });
    }
    if (this.#stopped) return;
    this.#timer = clock.setTimeout(() => this.start(), INTERVAL_MS);
    this.#timer.unref();
  }

  /** Forgets what may be forgotten, 500 rows at a time. A row stays as long as its file lies in the watch folder (KEEP). */
  async compact(): Promise<number> {
    const { ledger, clock } = this.#context;
    const before = clock.now() - this.#retention.keepDays * DAY_MS;
    let forgotten = 0;
    for (let afterId = 0; !this.#stopped; ) {
      const rows = await ledger.compactable(afterId, before, this.#retention.maxRows);
      const last = rows.at(-1);
      if (!last) break;
      afterId = last.id;
      const holds = new Map<string, boolean>();
      for (const { root, kept } of rows) if (kept && !holds.has(root)) holds.set(root, await this.#holds(root));
      const gone = [];
      for (const row of rows) {
        if (!row.kept || (holds.get(row.root) === true && !(await this.#isStillThere(row)))) gone.push(row);
      }
      if (gone.length > 0) await ledger.compact(gone);
      forgotten += gone.length;
    }
    return forgotten;
  }

  /** Whether the file in the watch folder is the one of this row. A file that is rewritten every cycle has many, and needs one. */
  async #isStillThere({ id, root, path }: { id: number; root: string; path: string }): Promise<boolean> {
    const { ledger, fs } = this.#context;
    const newest = (await ledger.lookup(root, [path])).get(path);
    return newest?.id === id && (await exists(fs, join(root, path)));
  }
}

/**
 * Sources that are written to after they were moved. A writer that paused for longer than its window has the file open
 * still, and what it writes goes where the file is now: into the done or the error folder. Looked at a few times, then no more.
 */
import pLimit from 'p-limit';
import { toError } from '../errors.js';
import { type FileIdentity, identityOf, sameIdentity } from '../files/identity.js';
import type { ActiveFile } from './active-file.js';
import type { Growing } from './growing.js';
import { Later } from './later.js';
import { about, type PoolContext } from './pool-context.js';
import type { Recovery } from './recovery.js';

/** A source where it was put. */
interface Moved {
  /** Of its row: thousands of these wait, and the row is asked for when it is needed. */
  id: number;
  location: string;
  /** What it was when it was read. */
  identity: FileIdentity;
  step: number;
}

/** A source that is done with is looked at after so long, and then no more. */
export const LOOK_AFTER_MS = [1_000, 10_000, 60_000, 600_000];
/** Above this, files are looked at once, and soon: what waits for its look takes memory. */
const MANY = 8_000;
/** While so many wait for their first look, as when a backlog melts, others have theirs at the second time. */
const MANY_SOON = 500;
const LOOKS_AT_ONCE = 16;

/** Takes files up again that turn out to have been taken too early. */
export class LateWrites {
  readonly #context: PoolContext;
  readonly #recovery: Recovery;
  readonly #growing: Growing;
  readonly #later: Later<Moved>;
  readonly #looks = pLimit(LOOKS_AT_ONCE);
  /** How many wait for their first look. */
  #soon = 0;

  constructor(context: PoolContext, recovery: Recovery, growing: Growing) {
    this.#context = context;
    this.#recovery = recovery;
    this.#growing = growing;
    this.#later = new Later(context.clock, moved => void this.#looks(() => this.#look(moved)));
  }

  /** The pool has nothing more to do with a file. */
  watch({ record }: ActiveFile): void {
    const { location, size, mtimeMs, ino } = record;
    if (location === null || !['completed', 'delivering', 'failed'].includes(record.state)) return;
    this.#put({ id: record.id, location, identity: { size, mtimeMs, ino }, step: 0 });
  }

  /** Those that wait for their look are looked at no more; the next start does not know of them. */
  close(): void {
    this.#later.close();
    this.#looks.clearQueue();
  }

  #put(moved: Moved): void {
    const isFull = this.#later.size >= MANY;
    const step = moved.step === 0 && this.#soon >= MANY_SOON && !isFull ? 1 : moved.step;
    const delayMs = LOOK_AFTER_MS[step];
    if (delayMs === undefined || (moved.step > 0 && isFull)) return;
    if (step === 0) this.#soon += 1;
    this.#later.put({ ...moved, step }, delayMs);
  }

  async #look(moved: Moved): Promise<void> {
    const { fs, notify } = this.#context;
    if (moved.step === 0) this.#soon -= 1;
    const stat = await fs.stat(moved.location).catch(() => undefined);
    // A copy across volumes or a ZIP is another file than the one that a writer may have open.
    if (!stat?.isFile() || stat.ino !== moved.identity.ino) return;
    const identity = identityOf(stat);
    if (sameIdentity(moved.identity, identity)) return this.#put({ ...moved, step: moved.step + 1 });
    try {
      await this.#takeUp(moved, identity);
    } catch (thrown) {
      notify('error', { error: toError(thrown), path: moved.location });
    }
  }

  async #takeUp({ id, location }: Moved, identity: FileIdentity): Promise<void> {
    const { ledger, roster, notify } = this.#context;
    const now = await ledger.get(id);
    // Taken up, or moved on, by somebody else.
    if (!now || now.location !== location || roster.get(id)) return;
    // Nothing was delivered of a failed one: it is tried again as it is now. Else what is there now is another generation.
    const again =
      now.state === 'failed' ? await ledger.retaken(now, false) : await ledger.grown(now, identity, location);
    const file = this.#recovery.take(again);
    if (!file) return;
    if (again.id !== now.id) {
      file.earlier = now;
      notify('discovered', { ...about(file), size: identity.size });
    }
    this.#growing.add(file, identity);
  }
}

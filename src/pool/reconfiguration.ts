/** Changes which converters a pool has, while it runs: wholly or not at all, and one change at a time. */
import { isDeepStrictEqual } from 'node:util';
import { IsolatedConverter } from '../converters/isolation/isolated-converter.js';
import { MillraceError, ServiceError, toError } from '../errors.js';
import { KeyedLock } from '../keyed-lock.js';
import type { ConverterEntry } from './converter-entry.js';
import type { Engine } from './engine.js';

/** What a reload has done, by the names of the converters. */
export interface ConverterChanges {
  added: string[];
  removed: string[];
  /** Their options, version, arguments or class are others than before. */
  changed: string[];
  unchanged: string[];
}

/** Brings converters in and lets them go. */
export class Reconfiguration {
  readonly #engine: Engine;
  readonly #turns = new KeyedLock();
  /** Converters that left and may still be converting: `dispose()` follows their last conversion. */
  readonly #leaving = new Set<Promise<void>>();
  #committing: Promise<void> | undefined;
  #closed = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * Makes `wanted` of the converters that the pool has into those that it has from now on. Resolves when new watches are
   * armed; what already lies in their folders follows. What runs of a converter that left or changed is finished with the
   * one that began it.
   * @param live Whether the pool runs; before its start, there is nothing to initialise or to take up.
   * @throws what `wanted` or an `initialize()` throws. Nothing has changed then.
   */
  apply(
    wanted: (entries: readonly ConverterEntry[]) => readonly ConverterEntry[],
    live: boolean,
  ): Promise<ConverterChanges> {
    return this.#turns.run('', async () => {
      const { registry } = this.#engine.context;
      const before = registry.entries;
      const named = new Map(before.map(entry => [entry.converter.name, entry]));
      const after = wanted(before).map(entry => {
        const old = named.get(entry.converter.name);
        return old && isSame(old, entry) ? old : entry;
      });
      const changes = difference(before, after);
      const coming = after.filter(entry => !before.includes(entry));
      const leaving = before.filter(entry => !after.includes(entry));
      if (live) await this.#initialize(coming, before);
      this.#committing = this.#commit(after, coming, leaving, live);
      await this.#committing;
      return changes;
    });
  }

  /** Resolves when `dispose()` of every converter that left has ended. Never rejects. */
  async disposed(): Promise<void> {
    while (this.#leaving.size > 0) await Promise.all(this.#leaving);
  }

  /** No change is begun any more. Resolves when the one that had begun to take effect is done. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#committing?.catch(() => undefined);
  }

  /** Calls `dispose()`. What it throws is reported and changes nothing. */
  async dispose({ converter }: ConverterEntry): Promise<void> {
    try {
      await converter.dispose?.();
    } catch (thrown) {
      const message = `dispose of '${converter.name}' failed: ${toError(thrown).message}`;
      this.#engine.context.notify('error', { error: new MillraceError('HOOK_FAILED', message, { cause: thrown }) });
    }
  }

  async #initialize(coming: readonly ConverterEntry[], before: readonly ConverterEntry[]): Promise<void> {
    const begun: ConverterEntry[] = [];
    try {
      for (const entry of coming) {
        this.#assertOpen();
        // With other options, but the very object that works already.
        if (before.some(old => old.converter === entry.converter)) continue;
        begun.push(entry);
        await entry.converter.initialize?.();
      }
      this.#assertOpen();
    } catch (thrown) {
      for (const entry of begun) await this.dispose(entry);
      throw thrown;
    }
  }

  /** From its first line on the change is in force: what goes wrong after that is told by `error`, and mended by a restart. */
  async #commit(
    after: readonly ConverterEntry[],
    coming: readonly ConverterEntry[],
    leaving: readonly ConverterEntry[],
    live: boolean,
  ): Promise<void> {
    const { context, posts, places, pulls, recovery, paused, dispatcher } = this.#engine;
    context.secrets.learn(after.map(entry => entry.arguments));
    context.registry.replace(after);
    for (const entry of leaving) {
      places.forget(entry);
      if (!context.registry.get(entry.converter.name)) paused.delete(entry.converter.name);
    }
    if (live && leaving.length > 0) await this.#told(this.#engine.withdraw(file => leaving.includes(file.entry)));
    if (live) await this.#told(pulls.prepare(coming));
    const touched = await posts.update();
    if (!live) return;
    pulls.update();
    for (const entry of leaving) if (!after.some(one => one.converter === entry.converter)) this.#leave(entry);
    await Promise.all(coming.map(entry => places.check(entry)));
    if (coming.length > 0) await this.#told(recovery.resume());
    // Files that nobody took are booked on one of those who were asked, and go on when any of them changes.
    const folders = new Set([...coming, ...leaving].map(entry => entry.watchFolder));
    const asked = after.filter(entry => folders.has(entry.watchFolder));
    for (const entry of asked) await this.#told(recovery.retakeOutdated(entry));
    for (const root of touched) void this.#told(posts.scan(root));
    dispatcher.pump();
  }

  #leave(entry: ConverterEntry): void {
    const { dispatcher, pulls } = this.#engine;
    const left: Promise<void> = Promise.all([dispatcher.finishedOf(entry), pulls.finishedOf(entry)])
      .then(() => this.dispose(entry))
      .finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
  }

  #told(task: Promise<unknown>): Promise<unknown> {
    return task.catch((thrown: unknown) => this.#engine.context.notify('error', { error: toError(thrown) }));
  }

  #assertOpen(): void {
    if (this.#closed) throw new ServiceError('POOL_STATE', 'The pool was stopped before its converters were changed');
  }
}

/** Whether a converter that is to be in the pool is the one that is in it, so that nothing has to change. */
function isSame(old: ConverterEntry, entry: ConverterEntry): boolean {
  const one = old.converter;
  const other = entry.converter;
  if (one !== other && one.constructor !== other.constructor) return false;
  if (one instanceof IsolatedConverter && !isDeepStrictEqual(one.madeFrom, (other as IsolatedConverter).madeFrom))
    return false;
  const { converter: _one, ...options } = old.given;
  const { converter: _other, ...others } = entry.given;
  return isDeepStrictEqual(old.identity, entry.identity) && isDeepStrictEqual(options, others);
}

function difference(before: readonly ConverterEntry[], after: readonly ConverterEntry[]): ConverterChanges {
  const name = ({ converter }: ConverterEntry): string => converter.name;
  const old = new Set(before.map(name));
  const now = new Set(after.map(name));
  const kept = new Set(after.filter(entry => before.includes(entry)).map(name));
  return {
    added: [...now].filter(one => !old.has(one)),
    removed: [...old].filter(one => !now.has(one)),
    changed: [...now].filter(one => old.has(one) && !kept.has(one)),
    unchanged: [...kept],
  };
}

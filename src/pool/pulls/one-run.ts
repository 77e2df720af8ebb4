/** One run of a scheduled converter: what it gives is kept, batch by batch, before the next is asked for. */
import type { Clock, Timer } from '../../clock.js';
import type { PullContext, Pulled, PulledItem, ScheduledConverter } from '../../converters/scheduled-converter.js';
import { ConverterError, ConverterTimeoutError } from '../../errors.js';

/** What a run needs. */
export interface RunOptions {
  converter: ScheduledConverter;
  context: Omit<PullContext, 'signal'>;
  clock: Clock;
  /** Ends the run. */
  signal: AbortSignal;
  /** How long it may take until something comes, in ms. */
  timeoutMs: number;
  /** The run has ended, and this of the converter has not: it ignores its signal so far. */
  onAbandoned: (task: Promise<unknown>) => void;
  /** Makes items durable. @returns How many were new. */
  keep: (items: readonly PulledItem[]) => Promise<number>;
}

/** What a run came to. */
export interface RunResult {
  /** Items that were given. */
  items: number;
  /** Of these, items that were taken before. */
  known: number;
}

/** So many items are fsynced together. */
const BATCH = 64;

/** @throws what the converter throws; ConverterTimeoutError when nothing came in time; the signal's reason when it aborts. */
export async function runOnce(options: RunOptions): Promise<RunResult> {
  const { converter, keep, signal } = options;
  const abort = new AbortController();
  const onAbort = (): void => abort.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const context: PullContext = { ...options.context, signal: abort.signal };
  const result: RunResult = { items: 0, known: 0 };
  let batch: PulledItem[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    const items = batch;
    batch = [];
    const fresh = await keep(items);
    result.items += items.length;
    result.known += items.length - fresh;
    await within(options, abort, Promise.resolve(converter.onPulled?.(items, context)));
  };
  const iterator = iterate(await within(options, abort, Promise.resolve(converter.pull(context))));
  try {
    for (;;) {
      const { done, value } = await within(options, abort, Promise.resolve(iterator.next()));
      if (done) break;
      batch.push(value);
      if (batch.length === BATCH) await flush();
    }
    await flush();
    return result;
  } catch (thrown) {
    // Not awaited: a converter that hangs would hang here, too.
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
    throw thrown;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** What `task` comes to, unless the run is ended or nothing came for too long: the converter's signal then aborts. */
async function within<T>(
  { clock, timeoutMs, converter, onAbandoned }: RunOptions,
  abort: AbortController,
  task: Promise<T>,
): Promise<T> {
  let timer: Timer | undefined;
  let isOver = false;
  let onAbort: (() => void) | undefined;
  const ended = new Promise<never>((_, reject) => {
    onAbort = () => {
      if (!isOver) onAbandoned(task);
      reject(abort.signal.reason);
    };
    abort.signal.addEventListener('abort', onAbort, { once: true });
    timer = clock.setTimeout(() => {
      abort.abort(new ConverterTimeoutError(`pull() of '${converter.name}' gave nothing for ${timeoutMs} ms`));
    }, timeoutMs);
    if (abort.signal.aborted) onAbort();
  });
  const over = (): void => {
    isOver = true;
  };
  task.then(over, over);
  try {
    return await Promise.race([task, ended]);
  } finally {
    if (timer) clock.clearTimeout(timer);
    if (onAbort) abort.signal.removeEventListener('abort', onAbort);
  }
}

function iterate(pulled: Pulled): AsyncIterator<PulledItem> | Iterator<PulledItem> {
  if (typeof pulled === 'object' && pulled !== null) {
    if (Symbol.asyncIterator in pulled) return pulled[Symbol.asyncIterator]();
    if (Symbol.iterator in pulled) return pulled[Symbol.iterator]();
  }
  throw new ConverterError(`pull() returned ${String(pulled)} where items were expected`);
}

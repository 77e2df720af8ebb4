/** Going through much in small steps, so that the host's event loop gets its turns. */
import pLimit from 'p-limit';

/** Groups items; the event loop gets a turn between groups. */
export async function* inBatches<T>(items: Iterable<T> | AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
    await new Promise(setImmediate);
  }
  if (batch.length > 0) yield batch;
}

/** Runs `task` for each item, at most `concurrency` at the same time. */
export async function mapConcurrently<T>(
  items: readonly T[],
  concurrency: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  if (items.length <= concurrency) await Promise.all(items.map(task));
  else await pLimit(concurrency).map(items, task);
}

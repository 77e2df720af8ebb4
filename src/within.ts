/** Waiting for something, but no longer than so long; and for several things, to the end of each. */
import type { Clock } from './clock.js';

/** Whether `work` settled within `ms`. When it did not, it goes on, and its end is nobody's business here. */
export async function within(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  const done = work.then(
    () => true,
    () => true,
  );
  if (ms <= 0) return Promise.race([done, Promise.resolve(false)]);
  let expire = (): void => undefined;
  const expired = new Promise<boolean>(resolve => {
    expire = () => resolve(false);
  });
  const timer = clock.setTimeout(expire, ms);
  try {
    return await Promise.race([done, expired]);
  } finally {
    clock.clearTimeout(timer);
  }
}

/** Waits for the end of all of them, then rejects as the first that did: none is left behind at work. */
export async function allEnded(tasks: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(tasks);
  await Promise.all(tasks);
}

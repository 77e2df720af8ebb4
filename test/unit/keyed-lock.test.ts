import { describe, expect, it } from 'vitest';
import { KeyedLock } from '../../src/keyed-lock.js';

/** Tasks that end when the test says so. */
function tasks(lock: KeyedLock) {
  const log: string[] = [];
  const start = (key: string, name: string) => {
    let end: (error?: Error) => void = () => undefined;
    const done = lock.run(key, () => {
      log.push(`${name} begins`);
      return new Promise<string>((resolve, reject) => {
        end = error => (error ? reject(error) : resolve(name));
      });
    });
    return { done, end: (error?: Error) => end(error) };
  };
  return { log, start };
}

const turn = (): Promise<void> => new Promise(setImmediate);

describe('the keyed lock', () => {
  it('runs tasks of one key one after the other, in the order in which they came', async () => {
    const { log, start } = tasks(new KeyedLock());
    const first = start('a', '1');
    const second = start('a', '2');
    const third = start('a', '3');
    await turn();
    expect(log).toEqual(['1 begins']);
    first.end();
    expect(await first.done).toBe('1');
    await turn();
    expect(log).toEqual(['1 begins', '2 begins']);
    second.end();
    await turn();
    third.end();
    expect([await second.done, await third.done]).toEqual(['2', '3']);
  });

  it('lets tasks of other keys run meanwhile', async () => {
    const { log, start } = tasks(new KeyedLock());
    start('a', '1');
    start('b', '2');
    await turn();
    expect(log).toEqual(['1 begins', '2 begins']);
  });

  it('goes on after a task that failed, and only that task fails', async () => {
    const { start } = tasks(new KeyedLock());
    const first = start('a', '1');
    const second = start('a', '2');
    first.end(new Error('broken'));
    await expect(first.done).rejects.toThrow('broken');
    await turn();
    second.end();
    expect(await second.done).toBe('2');
  });

  it('keeps out a task that comes while another waits', async () => {
    const { log, start } = tasks(new KeyedLock());
    const first = start('a', '1');
    const second = start('a', '2');
    first.end();
    await first.done;
    start('a', '3');
    await turn();
    expect(log).toEqual(['1 begins', '2 begins']);
    second.end();
    await second.done;
    await turn();
    expect(log).toEqual(['1 begins', '2 begins', '3 begins']);
  });
});

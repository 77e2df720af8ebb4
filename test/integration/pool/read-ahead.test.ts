import { writeFile } from 'node:fs/promises';
import { FaultyFileSystem } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { converter, echo, next, Station, until } from './support.js';

/** Longer than what was read ahead is believed. */
const LONG_MS = 1_100;

/** Has `onOpen` done before a file is opened. */
class Hooked extends FaultyFileSystem {
  onOpen: (path: string) => Promise<void> = async () => undefined;
  override async open(...given: Parameters<FaultyFileSystem['open']>) {
    await this.onOpen(given[0]);
    return super.open(...given);
  }
}

/** A pool with one worker that has `first.txt` in hand until it is told to go on, while others wait. */
async function busyWith(others: Record<string, string>, prepare: (fs: Hooked) => void = () => undefined) {
  const station = await Station.open();
  const fs = new Hooked();
  fs.logging = true;
  prepare(fs);
  let goOn = (): void => undefined;
  const told = new Promise<void>(resolve => {
    goOn = resolve;
  });
  const holding = converter(async (source, context) => {
    if (source.name === 'first.txt') await told;
    return echo(source, context);
  });
  const pool = station.pool({ fs, concurrency: 1, converters: [{ converter: holding }] });
  for (const [name, content] of Object.entries({ 'first.txt': 'first', ...others })) {
    await station.drop(`watch/${name}`, content);
  }
  const converting = next(pool, 'converting');
  await pool.start();
  await converting;
  const opened = (name: string): number =>
    fs.log.filter(({ operation, path }) => operation === 'open' && path === station.path(`watch/${name}`)).length;
  const texts = (): string[] => station.reports().map(({ text }) => text);
  return { station, pool, goOn, opened, texts };
}

describe('the file whose turn comes next', () => {
  it('is read once, while the one before it is converted', async () => {
    const { station, pool, goOn, opened, texts } = await busyWith({ 'second.txt': 'second', 'third.txt': 'third' });
    await until(() => opened('second.txt') === 1);
    expect(texts()).toEqual([]);
    goOn();
    await station.settled(pool);
    expect(texts()).toEqual(['first', 'second', 'third']);
    expect(['first.txt', 'second.txt', 'third.txt'].map(opened)).toEqual([1, 1, 1]);
  });

  it('is read again where it may be another by then', async () => {
    const { station, pool, goOn, opened, texts } = await busyWith({ 'second.txt': 'second' });
    await until(() => opened('second.txt') === 1);
    await writeFile(station.path('watch/second.txt'), 'SECOND');
    await new Promise(resolve => setTimeout(resolve, LONG_MS));
    goOn();
    await station.settled(pool);
    expect(texts()).toEqual(['first', 'SECOND']);
  });

  it('has another try when its turn has come, and that one counts', async () => {
    const { station, pool, goOn, opened, texts } = await busyWith({ 'second.txt': 'second' }, fs =>
      fs.fail({ operation: 'open', path: /second/, code: 'EIO', times: 1 }),
    );
    const again: string[] = [];
    pool.on('retrying', ({ path }) => again.push(path));
    await until(() => opened('second.txt') === 1);
    goOn();
    await station.settled(pool);
    expect(texts()).toEqual(['first', 'second']);
    expect(opened('second.txt')).toBe(2);
    expect(again).toEqual([]);
  });

  it('is left for its turn where it is big', async () => {
    const big = 'x'.repeat(65 * 1024);
    const { station, pool, goOn, opened, texts } = await busyWith({ 'second.txt': big });
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(opened('second.txt')).toBe(0);
    goOn();
    await station.settled(pool);
    expect(texts()).toEqual(['first', big]);
  });

  it('is in the books of the next process where the pool stops before its turn', async () => {
    const { station, pool, goOn, opened, texts } = await busyWith({ 'second.txt': 'second' });
    await until(() => opened('second.txt') === 1);
    const stopped = pool.stop();
    goOn();
    await stopped;
    expect(texts()).toEqual(['first']);
    const again = station.pool({ converters: [{ converter: converter(echo) }] });
    await again.start();
    await station.settled(again);
    expect(texts()).toEqual(['first', 'second']);
  });

  it('holds up no stop where it gives no answer', async () => {
    let asked = (): void => undefined;
    const hangs = new Promise<void>(resolve => {
      asked = resolve;
    });
    let answer = (): void => undefined;
    const answered = new Promise<void>(resolve => {
      answer = resolve;
    });
    const { pool, goOn, texts } = await busyWith({ 'second.txt': 'second' }, fs => {
      fs.onOpen = async path => {
        if (!path.endsWith('second.txt')) return;
        asked();
        await answered;
      };
    });
    await hangs;
    const stopped = pool.stop({ timeoutMs: 100 });
    goOn();
    await stopped;
    expect(pool.state).toBe('stopped');
    expect(texts()).toEqual(['first']);
    answer();
  });

  it('is not held where it is big by the time that it is read', async () => {
    const big = 'x'.repeat(65 * 1024);
    const { station, pool, goOn, opened, texts } = await busyWith({ 'second.txt': 'second' }, fs => {
      fs.onOpen = async path => {
        if (path.endsWith('second.txt')) await writeFile(path, big);
      };
    });
    await until(() => opened('second.txt') === 2);
    goOn();
    await station.settled(pool);
    expect(texts()).toEqual(['first', big]);
    expect(opened('second.txt')).toBeGreaterThan(2);
  });
});

import { appendFile, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StabilityGate } from '../../../src/discovery/stability-gate.js';
import { type FileIdentity, identityOf } from '../../../src/files/identity.js';
import { FaultyFileSystem } from '../../../src/testing/faulty-file-system.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { temporaryFolders } from '../../support/temp-folder.js';

const tempFolder = temporaryFolders();
const WINDOW_MS = 1000;

/** A file system that tells when every look that was asked for has been answered. */
class WatchedLooks extends FaultyFileSystem {
  looks = 0;
  readonly #open = new Set<Promise<unknown>>();

  constructor() {
    super();
    const { stat: inner } = this;
    this.stat = path => {
      this.looks += 1;
      const look = inner(path);
      const settled: Promise<unknown> = look.then(
        () => this.#open.delete(settled),
        () => this.#open.delete(settled),
      );
      this.#open.add(settled);
      return look;
    };
  }

  async answered(): Promise<void> {
    while (this.#open.size > 0) {
      await Promise.all(this.#open);
      // What the gate does with the answer may ask for the next look.
      await new Promise(setImmediate);
    }
  }
}

async function setUp() {
  const folder = await tempFolder();
  const fs = new WatchedLooks();
  const clock = new ManualClock();
  const ready: [string, FileIdentity][] = [];
  const vanished: string[] = [];
  const gate = new StabilityGate<string>({
    fs,
    clock,
    windowMs: WINDOW_MS,
    onReady: (file, identity) => ready.push([file, identity]),
    onVanished: file => vanished.push(file),
  });
  const add = async (name: string, content = 'x'): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content);
    gate.add(path, name, identityOf(await stat(path)));
    return path;
  };
  const advance = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    await fs.answered();
  };
  return { fs, clock, gate, ready, vanished, add, advance };
}

describe('the stability gate', () => {
  it('lets a file through when it has rested for the whole window, once', async () => {
    const { gate, ready, add, advance } = await setUp();
    const path = await add('a.csv');
    await advance(WINDOW_MS - 1);
    expect(ready).toEqual([]);
    await advance(1);
    expect(ready).toEqual([['a.csv', identityOf(await stat(path))]]);
    expect(gate.size).toBe(0);
    await advance(10 * WINDOW_MS);
    expect(ready.length).toBe(1);
  });

  it('starts a new window when the size has changed, and passes on what the file is now', async () => {
    const { ready, add, advance } = await setUp();
    const path = await add('a.csv');
    await advance(WINDOW_MS - 1);
    await appendFile(path, 'more');
    await advance(1);
    await advance(WINDOW_MS - 1);
    expect(ready).toEqual([]);
    await advance(1);
    expect(ready).toEqual([['a.csv', identityOf(await stat(path))]]);
  });

  it('starts a new window when the mtime alone has changed: a writer may have reserved the whole file first', async () => {
    const { ready, add, advance } = await setUp();
    const path = await add('a.csv');
    await utimes(path, new Date(), new Date('2030-01-01T00:00:00Z'));
    await advance(WINDOW_MS);
    expect(ready).toEqual([]);
    await advance(WINDOW_MS);
    expect(ready.length).toBe(1);
  });

  it('starts a new window when an event came, without a look at the disk', async () => {
    const { fs, gate, ready, add, advance } = await setUp();
    const path = await add('a.csv');
    await advance(WINDOW_MS / 2);
    expect(gate.touch(path)).toBe(true);
    expect(gate.quietForMs(path)).toBe(0);
    await advance(WINDOW_MS / 2);
    expect(ready).toEqual([]);
    expect(fs.looks).toBe(0);
    expect(gate.quietForMs(path)).toBe(WINDOW_MS / 2);
    await advance(WINDOW_MS / 2);
    expect(ready.length).toBe(1);
    expect(gate.touch(path)).toBe(false);
    expect(gate.quietForMs(path)).toBeUndefined();
  });

  it('holds a file that is written to without end for as long as that goes on', async () => {
    const { gate, ready, add, advance } = await setUp();
    const path = await add('a.csv');
    for (let round = 0; round < 20; round++) {
      await appendFile(path, 'line\n');
      gate.touch(path);
      await advance(WINDOW_MS - 1);
    }
    expect(ready).toEqual([]);
    // The look at the end of the first quiet window finds the last change, which has to rest in its turn.
    await advance(1);
    await advance(WINDOW_MS);
    expect(ready).toEqual([['a.csv', identityOf(await stat(path))]]);
  });

  it('tells when a file is gone', async () => {
    const { ready, vanished, add, advance, gate } = await setUp();
    await unlink(await add('a.csv'));
    await advance(WINDOW_MS);
    expect(vanished).toEqual(['a.csv']);
    expect(ready).toEqual([]);
    expect(gate.size).toBe(0);
  });

  it('waits for another window while the file cannot be looked at', async () => {
    const { fs, ready, vanished, add, advance } = await setUp();
    await add('a.csv');
    const fault = fs.fail({ operation: 'stat', code: 'EIO' });
    await advance(3 * WINDOW_MS);
    expect(ready).toEqual([]);
    expect(vanished).toEqual([]);
    fault.remove();
    await advance(WINDOW_MS);
    expect(ready.length).toBe(1);
  });

  it('needs one timer and one look each for 1,000 files', async () => {
    const { fs, clock, ready, add, advance } = await setUp();
    await Promise.all(Array.from({ length: 1000 }, (_, index) => add(`${index}.csv`)));
    expect(clock.timers).toBe(1);
    await advance(WINDOW_MS);
    expect(ready.length).toBe(1000);
    expect(fs.looks).toBe(1000);
    expect(clock.timers).toBe(0);
  });

  it('lets files through in the order in which they came to rest', async () => {
    const { gate, ready, add, advance } = await setUp();
    const first = await add('first.csv');
    await advance(100);
    await add('second.csv');
    await advance(100);
    gate.touch(first);
    await advance(WINDOW_MS - 100);
    expect(ready.map(([name]) => name)).toEqual(['second.csv']);
    await advance(100);
    expect(ready.map(([name]) => name)).toEqual(['second.csv', 'first.csv']);
  });

  it('keeps that order when the first look is the slowest', async () => {
    const clock = new ManualClock();
    const identity = { size: 1, mtimeMs: 1, ino: 1 };
    const order: string[] = [];
    const answers = new Map<string, () => void>();
    const gate = new StabilityGate<string>({
      fs: new FaultyFileSystem(),
      clock,
      windowMs: WINDOW_MS,
      look: path =>
        new Promise(resolve => {
          answers.set(path, () => resolve({ identity, ctimeMs: 1 }));
        }),
      onReady: file => order.push(file),
      onVanished: () => undefined,
    });
    for (const name of ['first', 'second', 'third']) gate.add(name, name, identity);
    await clock.advance(WINDOW_MS);
    for (const name of ['third', 'second', 'first']) {
      expect(order).toEqual([]);
      answers.get(name)?.();
      await new Promise(setImmediate);
    }
    expect(order).toEqual(['first', 'second', 'third']);
  });

  it('says nothing after it was closed, not even of a look that is under way', async () => {
    const { fs, clock, gate, ready, vanished, add } = await setUp();
    await add('a.csv');
    const turned = clock.advance(WINDOW_MS);
    gate.close();
    await turned;
    await fs.answered();
    expect([ready, vanished, clock.timers]).toEqual([[], [], 0]);
  });
});

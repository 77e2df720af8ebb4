import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { CANARY_NAME } from '../../../src/discovery/canary.js';
import { EventSource, type EventSourceOptions } from '../../../src/discovery/event-source.js';
import type { WatchOptions } from '../../../src/discovery/watch.js';
import { FaultyFileSystem } from '../../../src/testing/faulty-file-system.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { temporaryFolders } from '../../support/temp-folder.js';

const tempFolder = temporaryFolders();
const CANARY_MS = 30_000;
const TIMEOUT_MS = 5_000;

interface Armed extends WatchOptions {
  open: boolean;
}

async function setUp(options: Partial<EventSourceOptions> = {}) {
  const root = await tempFolder();
  const clock = new ManualClock();
  const fs = new FaultyFileSystem();
  fs.logging = true;
  const events: string[] = [];
  const armed: Armed[] = [];
  const source = new EventSource({
    fs,
    clock,
    root,
    recursive: true,
    usePolling: false,
    canaryIntervalMs: CANARY_MS,
    canaryTimeoutMs: TIMEOUT_MS,
    startWatch: watch => {
      const one = { ...watch, open: true };
      armed.push(one);
      return {
        ready: Promise.resolve(),
        close: async () => {
          one.open = false;
        },
      };
    },
    ignoreFolder: () => false,
    onHint: path => events.push(`hint ${path}`),
    onRescan: () => events.push('rescan'),
    onDegraded: error => events.push(`degraded ${error.message}`),
    onRecovered: () => events.push('recovered'),
    ...options,
  });
  onTestFinished(() => source.close());
  await source.arm();
  const last = (): Armed => armed.at(-1) as Armed;
  const probed = (): number => fs.log.filter(one => one.operation === 'open').length;
  /** Turns the clock until a probe lies in the folder. */
  const probing = async (delayMs: number): Promise<void> => {
    const before = probed();
    await clock.advance(delayMs);
    // Its time-out is armed once it is written.
    await vi.waitFor(() => expect([probed() > before, clock.timers > 0]).toEqual([true, true]));
  };
  const hear = (): void => last().onHint(join(root, CANARY_NAME));
  const isPolling = (): boolean => last().usePolling;
  return { root, clock, fs, events, armed, source, last, probed, probing, hear, isPolling };
}

describe('the canary', () => {
  it('that is heard changes nothing, concerns nobody, and is removed', async () => {
    const { root, source, events, probing, hear, clock, probed } = await setUp();
    for (let round = 1; round <= 3; round += 1) {
      await probing(CANARY_MS);
      hear();
      await vi.waitFor(async () => expect(await readdir(root)).toEqual([]));
      await vi.waitFor(() => expect(clock.timers).toBe(1));
      expect(probed()).toBe(round);
    }
    expect(events).toEqual([]);
    expect([source.mode, source.reason]).toEqual(['native', undefined]);
  });

  it('that is silent switches to polling, tells why, and asks for a rescan', async () => {
    const { root, source, events, probing, clock, isPolling, armed } = await setUp();
    await probing(CANARY_MS);
    await clock.advance(TIMEOUT_MS);
    await vi.waitFor(() => expect(events.at(-1)).toBe('rescan'));
    expect(events[0]).toContain('a probe file was not heard of within 5000 ms');
    expect([source.mode, isPolling()]).toEqual(['polling', true]);
    expect(source.reason).toContain('probe file');
    expect(armed.filter(one => one.open)).toHaveLength(1);
    expect(await readdir(root)).toEqual([]);
  });

  it('brings native events back when it is heard again, and is tried ever more seldom while it is not', async () => {
    const { source, events, probing, clock, hear, last, isPolling } = await setUp();
    await probing(CANARY_MS);
    await clock.advance(TIMEOUT_MS);
    await vi.waitFor(() => expect(isPolling()).toBe(true));
    await vi.waitFor(() => expect(clock.timers).toBe(1));
    // The first trial fails, which is nothing new.
    await probing(60_000);
    expect(last().usePolling).toBe(false);
    expect(source.mode).toBe('polling');
    await clock.advance(TIMEOUT_MS);
    await vi.waitFor(() => expect(isPolling()).toBe(true));
    await vi.waitFor(() => expect(clock.timers).toBe(1));
    await clock.advance(60_000);
    expect(isPolling()).toBe(true);
    await probing(60_000);
    hear();
    await vi.waitFor(() => expect(source.mode).toBe('native'));
    expect(events.filter(event => event.startsWith('degraded'))).toHaveLength(1);
    expect(events.slice(-2)).toEqual(['recovered', 'rescan']);
  });

  it('that cannot be written says nothing about events', async () => {
    const { fs, source, events, clock } = await setUp();
    fs.fail({ operation: 'open', code: 'EROFS' });
    await clock.advance(CANARY_MS);
    await vi.waitFor(() => expect(fs.log.some(one => one.operation === 'open')).toBe(true));
    await vi.waitFor(() => expect(clock.timers).toBe(1));
    expect([events, source.mode]).toEqual([[], 'native']);
  });

  it('is not written where polling is wanted, nor where it is switched off', async () => {
    for (const options of [{ usePolling: true }, { canaryIntervalMs: 0 }]) {
      const { clock, probed, source } = await setUp(options);
      await clock.advance(10 * CANARY_MS);
      await source.probe();
      expect([clock.timers, probed()]).toEqual([0, 0]);
    }
  });
});

describe('a watch with a problem', () => {
  it('for want of watches is polled once, whatever else it says, and tried again', async () => {
    const { source, events, last, armed, clock, isPolling, probing, hear } = await setUp();
    const first = last();
    const limit = Object.assign(new Error('no space'), { code: 'ENOSPC', syscall: 'watch' });
    for (let folder = 0; folder < 5; folder += 1) first.onProblem(limit);
    await vi.waitFor(() => expect(isPolling()).toBe(true));
    await vi.waitFor(() => expect(events).toHaveLength(2));
    expect(events[0]).toContain('the disk is not full');
    expect(source.mode).toBe('polling');
    await vi.waitFor(() => expect(clock.timers).toBe(1));
    await probing(60_000);
    hear();
    await vi.waitFor(() => expect(source.mode).toBe('native'));
    expect(armed.filter(one => one.open)).toHaveLength(1);
  });

  it('of another kind is tried again after a second', async () => {
    const { source, events, last, clock, isPolling, probing, hear } = await setUp();
    last().onProblem(new Error('overflow'));
    await vi.waitFor(() => expect(isPolling()).toBe(true));
    await vi.waitFor(() => expect(clock.timers).toBe(1));
    await probing(1_000);
    hear();
    await vi.waitFor(() => expect(source.mode).toBe('native'));
    expect(events).toEqual([expect.stringContaining('overflow'), 'rescan', 'recovered', 'rescan']);
  });

  it('while it is polled asks for a rescan, and no more', async () => {
    const { events, last, isPolling } = await setUp({ usePolling: true });
    expect(isPolling()).toBe(true);
    last().onProblem(new Error('EIO'));
    expect(events).toEqual(['rescan']);
  });
});

it('removes a probe that was left behind by a process that was killed', async () => {
  const { root, source } = await setUp();
  await writeFile(join(root, CANARY_NAME), '');
  await source.arm();
  expect(await readdir(root)).toEqual([]);
});

it('is closed in the midst of a probe without a trace', async () => {
  const { root, source, probing, clock, armed } = await setUp();
  await probing(CANARY_MS);
  await source.close();
  expect([clock.timers, armed.filter(one => one.open), await readdir(root)]).toEqual([0, [], []]);
});

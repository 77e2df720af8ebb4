import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { WatchOptions } from '../../../src/discovery/watch.js';
import { WatchedFolder, type WatchedFolderOptions } from '../../../src/discovery/watched-folder.js';
import { nodeFileSystem } from '../../../src/files/file-system.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { temporaryFolders } from '../../support/temp-folder.js';

const tempFolder = temporaryFolders();
const RESCAN_MS = 60_000;

async function setUp(options: Partial<WatchedFolderOptions> = {}) {
  const parent = await tempFolder();
  const root = join(parent, 'watch');
  await mkdir(root);
  const clock = new ManualClock();
  const events: string[] = [];
  const watches: WatchOptions[] = [];
  let open = 0;
  const folder = new WatchedFolder({
    fs: nodeFileSystem,
    clock,
    root,
    recursive: true,
    usePolling: false,
    rescanIntervalMs: RESCAN_MS,
    excluded: [join(root, 'Done')],
    startWatch: watch => {
      watches.push(watch);
      open += 1;
      return {
        ready: Promise.resolve(),
        close: async () => {
          open -= 1;
        },
      };
    },
    onHint: path => events.push(`hint ${path}`),
    onRescan: () => events.push('rescan'),
    onDegraded: error => events.push(`degraded ${(error as Error & { code?: string }).code}`),
    onRecovered: () => events.push('recovered'),
    ...options,
  });
  onTestFinished(() => folder.close());
  return { parent, root, clock, events, watches, folder, open: () => open };
}

async function list(folder: WatchedFolder): Promise<string[]> {
  const names: string[] = [];
  for await (const name of folder.list()) names.push(name);
  return names.sort();
}

describe('a watched folder', () => {
  it('passes hints on, and takes one for itself as a reason to look at everything', async () => {
    const { root, folder, events, watches } = await setUp();
    await folder.start();
    watches[0]?.onHint(join(root, 'a.csv'));
    watches[0]?.onHint(root);
    expect(events).toEqual([`hint ${join(root, 'a.csv')}`, 'rescan']);
  });

  it('asks for a rescan at each interval, whatever events came', async () => {
    const { folder, events, clock } = await setUp();
    await folder.start();
    for (let round = 1; round <= 3; round++) {
      await clock.advance(RESCAN_MS);
      await vi.waitFor(() => expect(events.filter(event => event === 'rescan').length).toBe(round));
      await vi.waitFor(() => expect(clock.timers).toBe(1));
    }
  });

  it('leaves out what is excluded, in lists and in its watch', async () => {
    const { root, folder, watches } = await setUp();
    await mkdir(join(root, 'Done'));
    await writeFile(join(root, 'Done', 'a.csv'), '');
    await writeFile(join(root, 'b.csv'), '');
    await folder.start();
    expect(await list(folder)).toEqual(['b.csv']);
    expect(folder.excludes(join(root, 'Done', 'a.csv'))).toBe(true);
    expect(watches[0]?.ignoreFolder(join(root, 'Done'))).toBe(true);
    expect(watches[0]?.ignoreFolder(join(root, 'Done2'))).toBe(false);
  });

  it('that is not there at the start is looked for every second and found by itself', async () => {
    const { root, folder, events, clock, watches, open } = await setUp();
    await rm(root, { recursive: true });
    await folder.start();
    expect(events).toEqual(['degraded FOLDER_MISSING']);
    expect(folder.away).toBe(true);
    expect(watches.length).toBe(0);
    await mkdir(root);
    await clock.advance(1000);
    await vi.waitFor(() => expect(events).toEqual(['degraded FOLDER_MISSING', 'recovered', 'rescan']));
    expect([folder.away, watches.length, open()]).toEqual([false, 1, 1]);
  });

  it('that goes away is told once, armed anew when it is back, and then looked at', async () => {
    const { parent, root, folder, events, clock, watches, open } = await setUp();
    await folder.start();
    await rename(root, join(parent, 'gone'));
    await expect(list(folder)).rejects.toMatchObject({ code: 'FOLDER_MISSING' });
    await expect(list(folder)).rejects.toMatchObject({ code: 'FOLDER_MISSING' });
    expect(events).toEqual(['degraded FOLDER_MISSING']);
    for (let second = 0; second < 5; second++) {
      await clock.advance(1000);
      await vi.waitFor(() => expect(clock.timers).toBe(1));
    }
    expect(events).toEqual(['degraded FOLDER_MISSING']);
    await rename(join(parent, 'gone'), root);
    await clock.advance(1000);
    await vi.waitFor(() => expect(events).toEqual(['degraded FOLDER_MISSING', 'recovered', 'rescan']));
    expect([watches.length, open()]).toEqual([2, 1]);
  });

  it('notices by its own rescan that it went away', async () => {
    const { root, folder, events, clock } = await setUp();
    await folder.start();
    await rm(root, { recursive: true });
    await clock.advance(RESCAN_MS);
    await vi.waitFor(() => expect(events).toEqual(['degraded FOLDER_MISSING']));
    expect(folder.away).toBe(true);
  });

  it('goes on with rescans where arming the watch hangs, as on a dead share', async () => {
    const never = new Promise<void>(() => undefined);
    const { folder, clock, events } = await setUp({
      startWatch: () => ({ ready: never, close: async () => undefined }),
    });
    const started = folder.start();
    await vi.waitFor(() => expect(clock.timers).toBe(2));
    await clock.advance(5000);
    await started;
    await clock.advance(RESCAN_MS);
    await vi.waitFor(() => expect(events).toEqual(['rescan']));
  });

  it('says that its events cannot be trusted when the watch has a problem', async () => {
    const { folder, events, watches } = await setUp();
    await folder.start();
    watches[0]?.onProblem(new Error('overflow'));
    await vi.waitFor(() => expect(events).toEqual(['degraded WATCH_FAILED', 'rescan']));
    expect(folder.away).toBe(false);
  });

  it('leaves no timer and no watch when it is closed', async () => {
    const { folder, clock, open } = await setUp();
    await folder.start();
    await folder.close();
    expect([clock.timers, open()]).toEqual([0, 0]);
  });
});

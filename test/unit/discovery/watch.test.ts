/** The contract that discovery has with chokidar. A new version that breaks it fails here and not on a station. */
import { appendFile, mkdir, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { watchFolder } from '../../../src/discovery/watch.js';
import { temporaryFolders } from '../../support/temp-folder.js';

const tempFolder = temporaryFolders();
const PATIENCE = { timeout: 20_000, interval: 10 };

async function setUp(options: {
  recursive?: boolean;
  usePolling?: boolean;
  prepare?: (root: string) => Promise<void>;
}) {
  const root = join(await tempFolder(), 'w');
  await mkdir(root);
  await options.prepare?.(root);
  const hints: string[] = [];
  const watch = watchFolder({
    root,
    recursive: options.recursive ?? false,
    usePolling: options.usePolling ?? false,
    ignoreFolder: path => path === join(root, 'Done'),
    onHint: path => hints.push(path),
    onProblem: error => {
      throw error;
    },
  });
  onTestFinished(() => watch.close());
  await watch.ready;
  /** Resolves when one of these paths was heard of since the last call. Either is enough: the folder means a rescan. */
  const heard = async (...paths: string[]): Promise<void> => {
    await vi.waitFor(() => expect(hints.some(hint => paths.includes(hint))).toBe(true), PATIENCE);
    hints.length = 0;
  };
  return { root, hints, heard };
}

describe('native events', () => {
  it('tell of each file that is created, appended, renamed and removed', async () => {
    const { root, heard } = await setUp({ prepare: root => writeFile(join(root, 'old.csv'), '') });
    await writeFile(join(root, 'new.csv'), 'x');
    await heard(join(root, 'new.csv'));
    await appendFile(join(root, 'old.csv'), 'x');
    await heard(join(root, 'old.csv'));
    await rename(join(root, 'old.csv'), join(root, 'renamed.csv'));
    await heard(join(root, 'renamed.csv'));
    await unlink(join(root, 'renamed.csv'));
    await heard(join(root, 'renamed.csv'));
  });

  it('tell of a file that is renamed into the folder from elsewhere', async () => {
    const { root, heard } = await setUp({});
    await writeFile(join(root, '..', 'outside.csv'), 'x');
    await rename(join(root, '..', 'outside.csv'), join(root, 'in.csv'));
    await heard(join(root, 'in.csv'));
  });

  it('tell of every file of a burst', async () => {
    const { root, hints } = await setUp({});
    const paths = Array.from({ length: 200 }, (_, index) => join(root, `${index}.csv`));
    await Promise.all(paths.map(path => writeFile(path, 'x')));
    await vi.waitFor(() => expect(paths.filter(path => !hints.includes(path))).toEqual([]), PATIENCE);
  });

  it('tell of a new sub-folder, and of what happens in it once it is known', async () => {
    const { root, heard, hints } = await setUp({ recursive: true });
    await mkdir(join(root, 'sub'));
    await heard(join(root, 'sub'));
    // The sub-folder's own watch is armed a moment later; until then the hint for the folder stands for its files.
    await vi.waitFor(async () => {
      await writeFile(join(root, 'sub', 'a.csv'), String(hints.length));
      expect(hints).toContain(join(root, 'sub', 'a.csv'));
    }, PATIENCE);
  });

  it('tell of files in sub-folders that were there before', async () => {
    const { root, heard } = await setUp({
      recursive: true,
      prepare: async root => void (await mkdir(join(root, 'x', 'y'), { recursive: true })),
    });
    await writeFile(join(root, 'x', 'y', 'a.csv'), '');
    await heard(join(root, 'x', 'y', 'a.csv'));
  });

  it('do not tell of folders that are left out', async () => {
    const { root, heard, hints } = await setUp({
      recursive: true,
      prepare: async root => void (await mkdir(join(root, 'Done'))),
    });
    await writeFile(join(root, 'Done', 'a.csv'), '');
    await writeFile(join(root, 'marker.csv'), '');
    await vi.waitFor(() => expect(hints).toContain(join(root, 'marker.csv')), PATIENCE);
    expect(hints.filter(hint => hint.startsWith(join(root, 'Done', 'a')))).toEqual([]);
    await heard(join(root, 'marker.csv'));
  });
});

describe('polling', () => {
  it('tells of a created and a removed file, at least by a hint for their folder', async () => {
    const { root, heard } = await setUp({ usePolling: true });
    await writeFile(join(root, 'new.csv'), 'x');
    await heard(root, join(root, 'new.csv'));
    await unlink(join(root, 'new.csv'));
    await heard(root, join(root, 'new.csv'));
  });
});

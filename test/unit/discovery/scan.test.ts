import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ScanOptions } from '../../../src/discovery/list-files.js';
import { neverData } from '../../../src/discovery/never-data.js';
import { scanFolder } from '../../../src/discovery/scan.js';
import { nodeFileSystem } from '../../../src/files/file-system.js';
import { temporaryFolders } from '../../support/temp-folder.js';

const tempFolder = temporaryFolders();

async function folderWith(...paths: string[]): Promise<string> {
  const root = await tempFolder();
  for (const path of paths) {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), '');
  }
  return root;
}

async function scan(root: string, options: Partial<ScanOptions> = {}): Promise<string[]> {
  const names: string[] = [];
  const given = { fs: nodeFileSystem, root, recursive: true, excludedFolders: [], ...options };
  for await (const name of scanFolder(given)) names.push(name);
  return names.sort();
}

describe('a scan', () => {
  it('lists files relative to the root, with / between folders', async () => {
    const root = await folderWith('a.csv', 'x/b.csv', 'x/y/c.csv');
    expect(await scan(root)).toEqual(['a.csv', 'x/b.csv', 'x/y/c.csv']);
  });

  it('stays in the root itself unless it is recursive', async () => {
    const root = await folderWith('a.csv', 'x/b.csv');
    expect(await scan(root, { recursive: false })).toEqual(['a.csv']);
  });

  it('leaves hidden files and folders out', async () => {
    const root = await folderWith('a.csv', '.hidden', '.git/config');
    expect(await scan(root)).toEqual(['a.csv']);
  });

  it.each(['[2026] (line)', 'a{b,c}', '!odd+(x)', 'ä ö', 'star @(x)'])('takes a root by its name: %s', async name => {
    const root = join(await tempFolder(), name);
    await mkdir(join(root, 'sub [1]'), { recursive: true });
    await writeFile(join(root, 'a[1].csv'), '');
    await writeFile(join(root, 'sub [1]', 'b.csv'), '');
    expect(await scan(root)).toEqual(['a[1].csv', 'sub [1]/b.csv']);
  });

  it('leaves out folders by their exact name', async () => {
    const root = await folderWith('Done/a.csv', 'Done2/b.csv', 'x[1]/c.csv', 'x1/d.csv', 'x/Done/e.csv');
    expect(await scan(root, { excludedFolders: ['Done', 'x[1]'] })).toEqual([
      'Done2/b.csv',
      'x/Done/e.csv',
      'x1/d.csv',
    ]);
  });

  it.runIf(process.platform !== 'win32')('does not follow links, and survives a loop of them', async () => {
    const root = await folderWith('x/a.csv');
    await symlink(root, join(root, 'x', 'loop'));
    await symlink(join(root, 'x', 'a.csv'), join(root, 'link.csv'));
    expect(await scan(root)).toEqual(['x/a.csv']);
  });

  it('of a missing root fails, and is never read as an empty folder', async () => {
    const root = await folderWith();
    await rm(root, { recursive: true });
    await expect(scan(root)).rejects.toMatchObject({ code: 'FOLDER_MISSING' });
  });

  it('of a file fails', async () => {
    const root = await folderWith('a.csv');
    await expect(scan(join(root, 'a.csv'))).rejects.toMatchObject({ code: 'FOLDER_MISSING' });
  });

  it('ends when it is aborted', async () => {
    const root = await folderWith('a.csv', 'b.csv', 'c.csv');
    const abort = new AbortController();
    const seen: string[] = [];
    const options = { fs: nodeFileSystem, root, recursive: true, excludedFolders: [], signal: abort.signal };
    for await (const name of scanFolder(options)) {
      seen.push(name);
      abort.abort();
    }
    expect(seen.length).toBe(1);
  });
});

describe('names that are never data', () => {
  it.each([
    '.hidden.csv',
    '~$book.xlsx',
    'a.csv.tmp',
    'a.PART',
    'a.crdownload',
    'a.csv.filepart',
    'a.csv.error',
    'a.json.queued',
    '.1-2.millrace-tmp',
  ])('%s', name => {
    expect(neverData(name)).toBeTypeOf('string');
  });

  it.each(['a.csv', 'partial.csv', 'tmp', 'error.txt', 'a.temperature'])('but not %s', name => {
    expect(neverData(name)).toBeUndefined();
  });
});

import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FileSystem } from '../../../src/files/file-system.js';
import { findPlaced } from '../../../src/files/find-placed.js';
import { exists, firstFree, takeFreeName } from '../../../src/files/free-name.js';
import { numbered } from '../../../src/files/names.js';
import { FaultyFileSystem } from '../../../src/testing/faulty-file-system.js';
import { temporaryFolders } from '../../support/temp-folder.js';

const tempFolder = temporaryFolders();
const create = (fs: FileSystem) => async (path: string) => (await fs.open(path, 'wx')).close();

async function folderWith(names: readonly string[]): Promise<{ fs: FaultyFileSystem; folder: string }> {
  const folder = await tempFolder();
  await Promise.all(names.map(name => writeFile(join(folder, name), '')));
  const fs = new FaultyFileSystem();
  fs.logging = true;
  return { fs, folder };
}

describe('taking a free name', () => {
  it('takes the name itself with a single operation where it is free', async () => {
    const { fs, folder } = await folderWith([]);
    expect(await takeFreeName(fs, folder, 'a.csv', create(fs))).toBe(join(folder, 'a.csv'));
    expect(fs.log.filter(({ operation }) => operation === 'lstat')).toEqual([]);
  });

  it('takes the first number after the names that are taken', async () => {
    const { fs, folder } = await folderWith(['a.csv', 'a_1.csv', 'a_2.csv']);
    expect(await takeFreeName(fs, folder, 'a.csv', create(fs))).toBe(join(folder, 'a_3.csv'));
  });

  it('finds a number among 3,000 taken names with few looks', async () => {
    const { fs, folder } = await folderWith(Array.from({ length: 3000 }, (_, number) => numbered('a.csv', number)));
    expect(await takeFreeName(fs, folder, 'a.csv', create(fs))).toBe(join(folder, 'a_3000.csv'));
    expect(fs.log.length).toBeLessThan(40);
  });

  it('counts a folder and a dangling link as taken names', async () => {
    const { fs, folder } = await folderWith(['a.csv']);
    await mkdir(join(folder, 'a_1.csv'));
    expect(await takeFreeName(fs, folder, 'a.csv', create(fs))).toBe(join(folder, 'a_2.csv'));
  });

  it('gives each of 50 at once a name of its own', async () => {
    const { fs, folder } = await folderWith([]);
    const paths = await Promise.all(Array.from({ length: 50 }, () => takeFreeName(fs, folder, 'a.csv', create(fs))));
    expect(new Set(paths).size).toBe(50);
    expect((await readdir(folder)).length).toBe(50);
  });

  it('looks on when somebody takes the name between the look and the creation', async () => {
    const { fs, folder } = await folderWith(['a.csv']);
    const attempts: string[] = [];
    const path = await takeFreeName(fs, folder, 'a.csv', async target => {
      attempts.push(target);
      if (attempts.length === 2) await writeFile(target, 'theirs');
      await create(fs)(target);
    });
    expect(path).toBe(join(folder, 'a_2.csv'));
    expect(attempts.length).toBe(3);
  });

  it('lets every other error through at once', async () => {
    const { fs, folder } = await folderWith([]);
    const fault = fs.fail({ operation: 'open', code: 'ENOSPC' });
    await expect(takeFreeName(fs, folder, 'a.csv', create(fs))).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(fault.hits).toBe(1);
  });

  it('does not take a name for free that cannot be looked at', async () => {
    const { fs, folder } = await folderWith([]);
    fs.fail({ operation: 'lstat', code: 'EIO' });
    await expect(exists(fs, join(folder, 'a.csv'))).rejects.toMatchObject({ code: 'EIO' });
    await expect(firstFree(fs, folder, 'a.csv', 0)).rejects.toMatchObject({ code: 'EIO' });
  });
});

describe('finding what was placed before', () => {
  it('finds the newest that matches, under any number', async () => {
    const { fs, folder } = await folderWith(['a.csv', 'a_1.csv', 'a_2.csv']);
    await writeFile(join(folder, 'a_1.csv'), 'four');
    expect(await findPlaced(fs, folder, 'a.csv', (_path, stat) => stat.size === 4)).toBe(join(folder, 'a_1.csv'));
    expect(await findPlaced(fs, folder, 'a.csv', (_path, stat) => stat.size === 5)).toBeUndefined();
  });

  it('looks at no more than the 64 newest', async () => {
    const { fs, folder } = await folderWith(Array.from({ length: 300 }, (_, number) => numbered('a.csv', number)));
    expect(await findPlaced(fs, folder, 'a.csv', () => false)).toBeUndefined();
    expect(fs.log.length).toBeLessThan(64 + 40);
  });
});

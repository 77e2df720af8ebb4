import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FileSystem } from '../../../src/files/file-system.js';
import { nodeFileSystem } from '../../../src/files/file-system.js';
import { type FileIdentity, identityOf } from '../../../src/files/identity.js';
import { takenName } from '../../../src/files/names.js';
import { removeVerified, settleTaken } from '../../../src/files/remove.js';
import { FaultyFileSystem, type FileOperation } from '../../../src/testing/faulty-file-system.js';
import { temporaryFolders } from '../../support/temp-folder.js';

const tempFolder = temporaryFolders();

async function readFileToRemove(): Promise<{ folder: string; path: string; identity: FileIdentity }> {
  const folder = await tempFolder();
  const path = join(folder, 'a.csv');
  await writeFile(path, 'old');
  return { folder, path, identity: identityOf(await stat(path)) };
}

/** Puts a new file over `path` right before the nth operation of this kind is done. */
function replacingBefore(operation: 'rename' | 'stat' | 'unlink' | 'link', path: string, content: string): FileSystem {
  const fs: FileSystem = { ...nodeFileSystem };
  const original = fs[operation] as (...args: string[]) => Promise<never>;
  let done = false;
  Object.assign(fs, {
    [operation]: async (...args: string[]) => {
      if (!done) {
        done = true;
        await writeFile(`${path}.new`, content);
        await rename(`${path}.new`, path);
      }
      return original(...args);
    },
  });
  return fs;
}

async function contents(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async name => [name, await readFile(join(folder, name), 'utf8')])),
  );
}

describe('removing the file that was read', () => {
  it('removes it', async () => {
    const { folder, path, identity } = await readFileToRemove();
    expect(await removeVerified(nodeFileSystem, path, identity, 'tag')).toBe('removed');
    expect(await readdir(folder)).toEqual([]);
  });

  it('says when it was gone already', async () => {
    const { folder, identity } = await readFileToRemove();
    expect(await removeVerified(nodeFileSystem, join(folder, 'b.csv'), identity, 'tag')).toBe('missing');
  });

  it('gives a file back that was written over it before', async () => {
    const { folder, path, identity } = await readFileToRemove();
    await writeFile(path, 'longer than before');
    expect(await removeVerified(nodeFileSystem, path, identity, 'tag')).toBe('replaced');
    expect(await contents(folder)).toEqual({ 'a.csv': 'longer than before' });
  });

  it('gives a file back that is renamed over it at the last moment before it is taken', async () => {
    const { folder, path, identity } = await readFileToRemove();
    const fs = replacingBefore('rename', path, 'new');
    expect(await removeVerified(fs, path, identity, 'tag')).toBe('replaced');
    expect(await contents(folder)).toEqual({ 'a.csv': 'new' });
  });

  it.each(['stat', 'unlink'] as const)('never touches a file that comes under its name before the %s', async step => {
    const { folder, path, identity } = await readFileToRemove();
    expect(await removeVerified(replacingBefore(step, path, 'new'), path, identity, 'tag')).toBe('removed');
    expect(await contents(folder)).toEqual({ 'a.csv': 'new' });
  });

  it('keeps both where a third file comes while the second is given back', async () => {
    const { folder, path, identity } = await readFileToRemove();
    await writeFile(path, 'second');
    expect(await removeVerified(replacingBefore('link', path, 'third'), path, identity, 'tag')).toBe('replaced');
    expect(await contents(folder)).toEqual({ 'a.csv': 'third', 'a_1.csv': 'second' });
  });

  it('gives back where there are no hard links', async () => {
    const { folder, path, identity } = await readFileToRemove();
    await writeFile(path, 'second');
    const fs = new FaultyFileSystem();
    fs.fail({ operation: 'link', code: 'EPERM' });
    expect(await removeVerified(fs, path, identity, 'tag')).toBe('replaced');
    expect(await contents(folder)).toEqual({ 'a.csv': 'second' });
  });

  it.each<FileOperation>(['rename', 'stat', 'unlink'])(
    'is finished by a second attempt after a failed %s',
    async step => {
      const { folder, path, identity } = await readFileToRemove();
      const fs = new FaultyFileSystem();
      fs.fail({ operation: step, code: 'EIO', times: 1 });
      await expect(removeVerified(fs, path, identity, 'tag')).rejects.toMatchObject({ code: 'EIO' });
      // The file is there, under one of its two names.
      expect(Object.values(await contents(folder))).toEqual(['old']);
      const settled = await settleTaken(fs, path, identity, 'tag');
      const removed = await removeVerified(fs, path, identity, 'tag');
      expect([settled, removed]).toContain('removed');
      expect(await readdir(folder)).toEqual([]);
    },
  );

  it('settles what a crash left under the hidden name: a new file gets its name back', async () => {
    const { folder, path, identity } = await readFileToRemove();
    await writeFile(path, 'new and longer');
    await rename(path, takenName(path, 'tag'));
    expect(await settleTaken(nodeFileSystem, path, identity, 'tag')).toBe('replaced');
    expect(await contents(folder)).toEqual({ 'a.csv': 'new and longer' });
    expect(await settleTaken(nodeFileSystem, path, identity, 'tag')).toBe('missing');
  });
});

import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mountPointOf } from '../../../src/discovery/mount-point.js';
import { RescanPace } from '../../../src/discovery/rescan-pace.js';
import { RootGuard } from '../../../src/discovery/root-guard.js';
import { isWatchLimit, watchProblem } from '../../../src/discovery/watch-problem.js';
import { isDiskFull } from '../../../src/errors.js';
import { type FileStat, type FileSystem, nodeFileSystem } from '../../../src/files/file-system.js';
import { temporaryFolders } from '../../support/temp-folder.js';

const tempFolder = temporaryFolders();

/** A file system on which a folder is another volume than what is above it, or is not. */
class Volumes {
  mounted = true;
  dev = 77;
  readonly fs: FileSystem;

  constructor(root: string) {
    const stat = async (path: string): Promise<FileStat> => {
      const real = await nodeFileSystem.stat(path);
      const dev = this.mounted && path.startsWith(root) ? this.dev : 1;
      return Object.assign(Object.create(real) as FileStat, { dev, isDirectory: () => real.isDirectory() });
    };
    // Without the system's own list, as on Windows and macOS.
    const readFile: FileSystem['readFile'] = () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOENT' }));
    this.fs = { ...nodeFileSystem, stat, readFile };
  }
}

describe('the guard of a root', () => {
  it('knows the folder again, and one that was replaced', async () => {
    const root = join(await tempFolder(), 'w');
    await mkdir(root);
    const guard = new RootGuard(nodeFileSystem, root);
    expect(await guard.look()).toBe('same');
    expect(await guard.look()).toBe('same');
    await rename(root, `${root}-old`);
    await mkdir(root);
    expect(await guard.look()).toBe('replaced');
    expect(await guard.look()).toBe('same');
  });

  it('takes an empty mount point for what it is, and a volume that is mounted again for the folder', async () => {
    const root = join(await tempFolder(), 'w');
    await mkdir(root);
    const volumes = new Volumes(root);
    const guard = new RootGuard(volumes.fs, root);
    expect(await guard.look()).toBe('same');
    volumes.mounted = false;
    await expect(guard.look()).rejects.toMatchObject({
      code: 'FOLDER_MISSING',
      message: expect.stringContaining('not mounted'),
    });
    await expect(guard.look()).rejects.toMatchObject({ code: 'FOLDER_MISSING' });
    volumes.mounted = true;
    // Many file systems are another device each time that they are mounted.
    volumes.dev = 78;
    expect(await guard.look()).toBe('replaced');
  });

  it('of a folder that became a mount point goes on with what is mounted', async () => {
    const root = join(await tempFolder(), 'w');
    await mkdir(root);
    const volumes = new Volumes(root);
    volumes.mounted = false;
    const guard = new RootGuard(volumes.fs, root);
    expect(await guard.look()).toBe('same');
    volumes.mounted = true;
    expect(await guard.look()).toBe('replaced');
  });

  it('misses a sentinel', async () => {
    const root = await tempFolder();
    const guard = new RootGuard(nodeFileSystem, root, '.mounted');
    await expect(guard.look()).rejects.toMatchObject({
      code: 'FOLDER_MISSING',
      message: expect.stringContaining('.mounted'),
    });
    await writeFile(join(root, '.mounted'), '');
    expect(await guard.look()).toBe('same');
    await rm(join(root, '.mounted'));
    await expect(guard.look()).rejects.toMatchObject({ code: 'FOLDER_MISSING' });
  });

  it.runIf(process.platform === 'linux')('finds the mount point in the list of the system, through links', async () => {
    const folder = await tempFolder();
    await symlink('/proc', join(folder, 'link'));
    expect(await mountPointOf(nodeFileSystem, join(folder, 'link'))).toBe('/proc');
    expect(folder.startsWith(await mountPointOf(nodeFileSystem, folder))).toBe(true);
  });
});

describe('the pace of rescans', () => {
  it('is the longest while events tell everything, faster while they do not, and slow again after', () => {
    const pace = new RescanPace(60_000);
    expect(pace.nextMs).toBe(60_000);
    pace.scanned(3, 5);
    expect(pace.nextMs).toBe(15_000);
    for (let scan = 0; scan < 10; scan += 1) pace.scanned(1, 5);
    expect(pace.nextMs).toBe(1_000);
    pace.scanned(0, 5);
    expect(pace.nextMs).toBe(2_000);
    for (let scan = 0; scan < 10; scan += 1) pace.scanned(0, 5);
    expect(pace.nextMs).toBe(60_000);
  });

  it('never keeps the disk busy: a pause of four times what a listing took', () => {
    const pace = new RescanPace(1_000);
    pace.scanned(10, 2_000);
    expect(pace.nextMs).toBe(8_000);
  });
});

describe('a watch that fails', () => {
  const limit = (code: string, syscall: string): Error => Object.assign(new Error(code), { code, syscall });

  it('for want of watches is told apart from a full disk', () => {
    expect(isWatchLimit(limit('ENOSPC', 'watch'))).toBe(true);
    expect(isWatchLimit(limit('EMFILE', 'watch'))).toBe(true);
    expect(isWatchLimit(limit('ENOSPC', 'write'))).toBe(false);
    const problem = watchProblem('/w', limit('ENOSPC', 'watch'));
    expect(problem).toMatchObject({ code: 'WATCH_FAILED', message: expect.stringContaining('the disk is not full') });
    expect(problem.hints[0]).toContain('max_user_watches');
    expect(isDiskFull(problem)).toBe(false);
    expect(isDiskFull(limit('ENOSPC', 'write'))).toBe(true);
  });
});

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { linkOrRename, placeInto, publish } from '../../../src/files/place.js';
import { FaultyFileSystem, type FileOperation } from '../../../src/testing/faulty-file-system.js';
import { temporaryFolders } from '../../support/temp-folder.js';

const tempFolder = temporaryFolders();
const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

async function setUp(content: string | Uint8Array = 'content') {
  const root = await tempFolder();
  const source = join(root, 'a.csv');
  const done = join(root, 'Done', 'sub');
  await writeFile(source, content);
  await utimes(source, new Date('2026-01-02T03:04:05.678Z'), new Date('2026-01-02T03:04:05.678Z'));
  return { root, source, done, fs: new FaultyFileSystem(), sum: sha256(content) };
}

describe('placing a file on the same volume', () => {
  it('makes the folder and gives the file a second name', async () => {
    const { fs, source, done, sum } = await setUp();
    const placed = await placeInto(fs, source, done, 'a.csv', { sha256: sum });
    expect(placed).toEqual({ path: join(done, 'a.csv'), by: 'linked' });
    expect((await stat(placed.path)).ino).toBe((await stat(source)).ino);
  });

  it('never overwrites: it takes the next number', async () => {
    const { fs, source, done, sum } = await setUp();
    await mkdir(done, { recursive: true });
    await writeFile(join(done, 'a.csv'), 'theirs');
    expect((await placeInto(fs, source, done, 'a.csv', { sha256: sum })).path).toBe(join(done, 'a_1.csv'));
    expect(await readFile(join(done, 'a.csv'), 'utf8')).toBe('theirs');
  });

  it.each(['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'])(
    'renames onto an exclusive placeholder where links fail with %s',
    async code => {
      const { fs, source, done, sum } = await setUp();
      await mkdir(done, { recursive: true });
      await writeFile(join(done, 'a.csv'), 'theirs');
      fs.fail({ operation: 'link', code });
      expect(await placeInto(fs, source, done, 'a.csv', { sha256: sum })).toEqual({
        path: join(done, 'a_1.csv'),
        by: 'renamed',
      });
      expect(await readFile(join(done, 'a.csv'), 'utf8')).toBe('theirs');
      expect(await readFile(join(done, 'a_1.csv'), 'utf8')).toBe('content');
      await expect(stat(source)).rejects.toMatchObject({ code: 'ENOENT' });
    },
  );

  it('leaves no placeholder behind when the rename fails', async () => {
    const { fs, source, done, sum } = await setUp();
    fs.fail({ operation: 'link', code: 'EPERM' });
    fs.fail({ operation: 'rename', code: 'EIO' });
    await expect(placeInto(fs, source, done, 'a.csv', { sha256: sum })).rejects.toMatchObject({ code: 'EIO' });
    expect(await readdir(done)).toEqual([]);
    expect(await readFile(source, 'utf8')).toBe('content');
  });

  it('lets other errors through', async () => {
    const { fs, source, done, sum } = await setUp();
    await mkdir(done, { recursive: true });
    fs.fail({ operation: 'link', code: 'EDQUOT' });
    await expect(placeInto(fs, source, done, 'a.csv', { sha256: sum })).rejects.toMatchObject({ code: 'EDQUOT' });
    expect(await readdir(done)).toEqual([]);
  });
});

describe('placing a file on another volume', () => {
  /** As two volumes behave: neither link nor rename leads across; inside the target folder they work. */
  function twoVolumes(fs: FaultyFileSystem, source: string): void {
    fs.fail({ operation: ['link', 'rename'], path: path => path === source, code: 'EXDEV' });
  }

  it('copies, keeps the time, checks what was written, and leaves the source', async () => {
    const bytes = Buffer.alloc(700_000, 'measurement;');
    const { fs, source, done, sum } = await setUp(bytes);
    twoVolumes(fs, source);
    const placed = await placeInto(fs, source, done, 'a.csv', { sha256: sum });
    expect(placed).toEqual({ path: join(done, 'a.csv'), by: 'copied' });
    expect((await readFile(placed.path)).equals(bytes)).toBe(true);
    const { mtimeMs } = await stat(source);
    expect(Math.abs((await stat(placed.path)).mtimeMs - mtimeMs)).toBeLessThan(2);
    expect(await readdir(done)).toEqual(['a.csv']);
    expect((await readFile(source)).equals(bytes)).toBe(true);
  });

  it('never overwrites', async () => {
    const { fs, source, done, sum } = await setUp();
    twoVolumes(fs, source);
    await mkdir(done, { recursive: true });
    await writeFile(join(done, 'a.csv'), 'theirs');
    expect((await placeInto(fs, source, done, 'a.csv', { sha256: sum })).path).toBe(join(done, 'a_1.csv'));
    expect(await readFile(join(done, 'a.csv'), 'utf8')).toBe('theirs');
  });

  it('refuses a copy whose checksum is not the one of what was converted', async () => {
    const { fs, source, done } = await setUp();
    twoVolumes(fs, source);
    await expect(placeInto(fs, source, done, 'a.csv', { sha256: sha256('other') })).rejects.toMatchObject({
      code: 'SOURCE_CHANGED',
    });
    expect(await readdir(done)).toEqual([]);
  });

  it.each<FileOperation>(['file.write', 'file.sync', 'file.utimes', 'file.read', 'file.close', 'link'])(
    'leaves nothing under any name when %s fails',
    async operation => {
      const { fs, source, done, sum } = await setUp();
      twoVolumes(fs, source);
      fs.fail({
        operation,
        path: path => path !== source && path.startsWith(done),
        code: 'ENOSPC',
        times: 1,
        afterwards: operation === 'file.close',
      });
      await expect(placeInto(fs, source, done, 'a.csv', { sha256: sum })).rejects.toMatchObject({ code: 'ENOSPC' });
      expect(await readdir(done)).toEqual([]);
      expect(await readFile(source, 'utf8')).toBe('content');
    },
  );
});

describe('publishing a file of our own', () => {
  it('gives it its name and makes that durable', async () => {
    const { root, fs } = await setUp();
    const temp = join(root, '.1.millrace-tmp');
    await writeFile(temp, 'zip');
    fs.logging = true;
    expect(await publish(fs, temp, root, 'a.csv')).toBe(join(root, 'a_1.csv'));
    expect((await readdir(root)).sort()).toEqual(['a.csv', 'a_1.csv']);
    if (process.platform !== 'win32') expect(fs.log.at(-2)).toEqual({ operation: 'file.sync', path: root });
  });

  it('keeps the old name where it is told to', async () => {
    const { root, source, fs } = await setUp();
    expect(await linkOrRename(fs, source, join(root, 'b.csv'), false)).toBe(false);
    expect((await readdir(root)).sort()).toEqual(['a.csv', 'b.csv']);
    await expect(linkOrRename(fs, source, join(root, 'b.csv'))).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(source, 'utf8')).toBe('content');
  });
});

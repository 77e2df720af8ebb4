import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  discard,
  removeIfThere,
  syncFolder,
  TEMP_SUFFIX,
  tempName,
  writeAll,
  writeAtomic,
  writeDurably,
} from '../../../src/files/atomic-write.js';
import { silentLogger } from '../../../src/observe/logger.js';
import { FaultyFileSystem, type FileOperation } from '../../../src/testing/faulty-file-system.js';
import { temporaryFolders } from '../../support/temp-folder.js';

const tempFolder = temporaryFolders();

describe('an atomic write', () => {
  it('is on the disk before it has its name, and the name before it is acknowledged', async () => {
    const folder = await tempFolder();
    const fs = new FaultyFileSystem();
    fs.logging = true;
    await writeAtomic(fs, join(folder, 'a.json'), 'content');
    expect(await readFile(join(folder, 'a.json'), 'utf8')).toBe('content');
    const steps = fs.log.map(({ operation }) => operation);
    const sync = steps.indexOf('file.datasync');
    const rename = steps.indexOf('rename');
    expect(sync).toBeGreaterThan(steps.indexOf('file.write'));
    expect(rename).toBeGreaterThan(sync);
    if (process.platform !== 'win32') expect(steps.lastIndexOf('file.sync')).toBeGreaterThan(rename);
  });

  it('replaces what is there, and is private', async () => {
    const folder = await tempFolder();
    const path = join(folder, 'a.json');
    const fs = new FaultyFileSystem();
    await writeAtomic(fs, path, 'old');
    await writeAtomic(fs, path, Buffer.from('new'));
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await readdir(folder)).toEqual(['a.json']);
    if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it.each<FileOperation>(['open', 'file.write', 'file.datasync', 'file.close', 'rename'])(
    'that fails at %s leaves the old content and no temp file',
    async operation => {
      const folder = await tempFolder();
      const path = join(folder, 'a.json');
      await writeFile(path, 'old');
      const fs = new FaultyFileSystem();
      fs.fail({ operation, code: 'ENOSPC', times: 1, afterwards: operation === 'file.close' });
      await expect(writeAtomic(fs, path, 'new')).rejects.toMatchObject({ code: 'ENOSPC' });
      expect(await readFile(path, 'utf8')).toBe('old');
      expect(await readdir(folder)).toEqual(['a.json']);
    },
  );

  it('survives a virus scanner that holds the target for a moment', async () => {
    const folder = await tempFolder();
    const fs = new FaultyFileSystem();
    const fault = fs.fail({ operation: 'rename', code: 'EBUSY', times: 2 });
    await writeAtomic(fs, join(folder, 'a.json'), 'content');
    expect(fault.hits).toBe(2);
    expect(await readdir(folder)).toEqual(['a.json']);
  });

  it('writes its temp file beside the target, however long the name is', async () => {
    const folder = await tempFolder();
    const longest = join(folder, 'x'.repeat(255));
    await writeAtomic(new FaultyFileSystem(), longest, 'content');
    expect(await readFile(longest, 'utf8')).toBe('content');
    expect(tempName(longest)).not.toBe(tempName(longest));
    expect(tempName(longest).startsWith(folder)).toBe(true);
    expect(tempName(longest).endsWith(TEMP_SUFFIX)).toBe(true);
  });
});

describe('a durable write', () => {
  it('never replaces a file', async () => {
    const folder = await tempFolder();
    const path = join(folder, 'a');
    await writeFile(path, 'theirs');
    await expect(writeDurably(new FaultyFileSystem(), path, 'ours')).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(path, 'utf8')).toBe('theirs');
  });

  it('goes on where the system took only a part', async () => {
    const written: number[] = [];
    const slow = {
      write: async (bytes: Uint8Array, offset: number, length: number) => {
        const bytesWritten = Math.min(3, length);
        written.push(...bytes.subarray(offset, offset + bytesWritten));
        return { bytesWritten };
      },
    };
    await writeAll(slow, Uint8Array.of(1, 2, 3, 4, 5, 6, 7));
    expect(written).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });
});

describe('removing', () => {
  it('says whether the file was there', async () => {
    const folder = await tempFolder();
    const fs = new FaultyFileSystem();
    await writeFile(join(folder, 'a'), '');
    expect(await removeIfThere(fs, join(folder, 'a'))).toBe(true);
    expect(await removeIfThere(fs, join(folder, 'a'))).toBe(false);
    fs.fail({ operation: 'unlink', code: 'EIO' });
    await expect(removeIfThere(fs, join(folder, 'a'))).rejects.toMatchObject({ code: 'EIO' });
  });

  it('of a temp file never hides the error that it follows, and is logged when it fails', async () => {
    const fs = new FaultyFileSystem();
    fs.fail({ operation: 'unlink', code: 'EIO' });
    const lines: string[] = [];
    await discard(fs, 'temp', { ...silentLogger, debug: (_fields, message) => void lines.push(message) });
    expect(lines.length).toBe(1);
  });
});

describe.runIf(process.platform !== 'win32')('syncing a folder', () => {
  it('forgives file systems that have no such call, and nothing else', async () => {
    const folder = await tempFolder();
    const fs = new FaultyFileSystem();
    const fault = fs.fail({ operation: 'file.sync', code: 'EINVAL' });
    await syncFolder(fs, folder);
    expect(fault.hits).toBe(1);
    fs.heal();
    fs.fail({ operation: 'file.sync', code: 'EIO' });
    await expect(syncFolder(fs, folder)).rejects.toMatchObject({ code: 'EIO' });
  });
});

import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import yauzl from 'yauzl';
import { nodeFileSystem } from '../../../src/files/file-system.js';
import { isZipOf, zipInto } from '../../../src/files/zip.js';
import { FaultyFileSystem, type FileOperation } from '../../../src/testing/faulty-file-system.js';
import { temporaryFolders } from '../../support/temp-folder.js';

const tempFolder = temporaryFolders();
const modifiedAt = new Date('2026-02-03T04:05:06Z');
const sha256 = 'ab'.repeat(32);

async function unzip(path: string): Promise<Record<string, Buffer>> {
  const zip = await new Promise<yauzl.ZipFile>((resolve, reject) => {
    yauzl.open(path, { lazyEntries: true }, (error, file) => (error ? reject(error) : resolve(file)));
  });
  const entries: Record<string, Buffer> = {};
  return new Promise((resolve, reject) => {
    zip.on('error', reject);
    zip.on('end', () => resolve(entries));
    zip.on('entry', (entry: yauzl.Entry) => {
      zip.openReadStream(entry, (error, stream) => {
        if (error) return reject(error);
        buffer(stream).then(bytes => {
          entries[entry.fileName] = bytes;
          zip.readEntry();
        }, reject);
      });
    });
    zip.readEntry();
  });
}

describe('zipping', () => {
  it('makes an archive with the content under its name, as old as the source', async () => {
    const folder = join(await tempFolder(), 'Done');
    const content = Buffer.alloc(600_000, 'abc');
    const path = await zipInto(
      new FaultyFileSystem(),
      { content: Readable.from([content.subarray(0, 5), content.subarray(5)]), name: 'a.csv', modifiedAt, sha256 },
      folder,
    );
    expect(path).toBe(join(folder, 'a.csv.zip'));
    expect(await unzip(path)).toEqual({ 'a.csv': content });
    expect((await stat(path)).mtimeMs).toBe(modifiedAt.getTime());
    expect((await stat(path)).size).toBeLessThan(10_000);
  });

  it('never overwrites', async () => {
    const folder = await tempFolder();
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'a.csv.zip'), 'theirs');
    const entry = { content: Readable.from([Buffer.from('x')]), name: 'a.csv', modifiedAt, sha256 };
    expect(await zipInto(new FaultyFileSystem(), entry, folder)).toBe(join(folder, 'a.csv_1.zip'));
    expect(await readFile(join(folder, 'a.csv.zip'), 'utf8')).toBe('theirs');
  });

  it('leaves nothing behind, and neither waits for ever nor ends the process, when the source fails', async () => {
    const folder = await tempFolder();
    const content = new Readable({
      read() {
        this.destroy(Object.assign(new Error('EIO: gone'), { code: 'EIO' }));
      },
    });
    const attempt = zipInto(new FaultyFileSystem(), { content, name: 'a.csv', modifiedAt, sha256 }, folder);
    await expect(attempt).rejects.toMatchObject({ code: 'EIO' });
    expect(await readdir(folder)).toEqual([]);
  });

  it.each<FileOperation>(['open', 'file.write', 'file.utimes', 'file.sync', 'link'])(
    'leaves nothing behind when %s fails',
    async operation => {
      const folder = await tempFolder();
      const fs = new FaultyFileSystem();
      fs.fail({ operation, code: 'ENOSPC', times: 1 });
      const content = Readable.from([Buffer.from('x')]);
      await expect(zipInto(fs, { content, name: 'a.csv', modifiedAt, sha256 }, folder)).rejects.toMatchObject({
        code: 'ENOSPC',
      });
      expect(await readdir(folder)).toEqual([]);
      // A source that nobody reads to its end would keep its file open.
      if (operation !== 'open') expect(content.destroyed).toBe(true);
    },
  );

  it('takes names that the format does not: a backslash is a letter on POSIX', async () => {
    const folder = await tempFolder();
    const entry = { content: Readable.from([Buffer.from('x')]), name: 'odd name ä.csv', modifiedAt, sha256 };
    expect(Object.keys(await unzip(await zipInto(new FaultyFileSystem(), entry, folder)))).toEqual(['odd name ä.csv']);
    if (process.platform === 'win32') return;
    const odd = { content: Readable.from([Buffer.from('x')]), name: 'a\\b.csv', modifiedAt, sha256 };
    expect(Object.keys(await unzip(await zipInto(new FaultyFileSystem(), odd, folder)))).toEqual(['a_b.csv']);
  });
});

describe('telling a ZIP for what it is', () => {
  it('knows the ZIP of this content by the checksum in its comment, and no other', async () => {
    const folder = await tempFolder();
    const entry = { content: Readable.from([Buffer.from('x')]), name: 'a.csv', modifiedAt, sha256 };
    const path = await zipInto(nodeFileSystem, entry, folder);
    expect(await isZipOf(nodeFileSystem, path, sha256)).toBe(true);
    expect(await isZipOf(nodeFileSystem, path, 'cd'.repeat(32))).toBe(false);
    await writeFile(path, 'short');
    expect(await isZipOf(nodeFileSystem, path, sha256)).toBe(false);
  });
});

import { createHash, randomBytes } from 'node:crypto';
import { appendFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it, vi } from 'vitest';
import { FileSource } from '../../../src/converters/file-source.js';
import type { FileSystem, OpenFile } from '../../../src/files/file-system.js';
import { nodeFileSystem } from '../../../src/files/file-system.js';
import { FaultyFileSystem } from '../../../src/testing/faulty-file-system.js';
import { temporaryFolders } from '../../support/temp-folder.js';

const tempFolder = temporaryFolders();
const MIB = 1024 * 1024;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function fileWith(content: string | Uint8Array): Promise<string> {
  const path = join(await tempFolder(), 'a.csv');
  await writeFile(path, content);
  return path;
}

/** A file system on which somebody else does something after the first chunk was read. */
function withWriter(action: () => Promise<void>): FileSystem {
  let done = false;
  return {
    ...nodeFileSystem,
    open: async (path, flags, mode) => {
      const file: OpenFile = await nodeFileSystem.open(path, flags, mode);
      return new Proxy(file, {
        get: (target, name) => {
          const method: unknown = Reflect.get(target, name, target);
          if (typeof method !== 'function') return method;
          return async (...args: unknown[]) => {
            const result: unknown = await Reflect.apply(method, target, args);
            if (name === 'read' && !done) {
              done = true;
              await action();
            }
            return result;
          };
        },
      });
    },
  };
}

async function lines(source: FileSource): Promise<string[]> {
  const result: string[] = [];
  for await (const line of source.lines()) result.push(line);
  return result;
}

describe('a file as a source', () => {
  it('gives the same content in every form', async () => {
    const path = await fileWith('Größe;1\r\nb;2\n');
    const source = await FileSource.read({ fs: nodeFileSystem, path });
    const bytes = Buffer.from('Größe;1\r\nb;2\n');
    expect(await source.bytes()).toEqual(bytes);
    expect(await source.text()).toBe('Größe;1\r\nb;2\n');
    expect(await lines(source)).toEqual(['Größe;1', 'b;2']);
    expect(await buffer(source.stream())).toEqual(bytes);
    expect(await source.sha256()).toBe(sha256(bytes));
    expect([source.name, source.path, source.size]).toEqual(['a.csv', path, bytes.length]);
    expect(source.modifiedAt.getTime()).toBe(Math.floor((await stat(path)).mtimeMs));
  });

  it('may be empty', async () => {
    const source = await FileSource.read({ fs: nodeFileSystem, path: await fileWith('') });
    expect(await source.sha256()).toBe(sha256(Buffer.alloc(0)));
    expect([await source.text(), await lines(source), source.size]).toEqual(['', [], 0]);
    expect((await buffer(source.stream())).length).toBe(0);
  });

  it('is read from the disk once, however often the converter reads it', async () => {
    const fs = new FaultyFileSystem();
    fs.logging = true;
    const source = await FileSource.read({ fs, path: await fileWith(Buffer.alloc(3 * MIB, 'x;y\n')) });
    await source.bytes();
    await source.text();
    await lines(source);
    await buffer(source.stream());
    expect(fs.log.filter(({ operation }) => operation === 'open').length).toBe(1);
  });

  it('gives each reader bytes of its own', async () => {
    const source = await FileSource.read({ fs: nodeFileSystem, path: await fileWith('content') });
    (await source.bytes()).fill(0);
    for await (const chunk of source.stream()) (chunk as Buffer).fill(0);
    expect(await source.text()).toBe('content');
  });

  it('has the same encoding by lines as in one piece, wherever the first special character is', async () => {
    const bytes = Buffer.concat([Buffer.alloc(MIB, 'plain\n'), Buffer.from('5 \xb5m, 3 \x80\n', 'latin1')]);
    const source = await FileSource.read({ fs: nodeFileSystem, path: await fileWith(bytes) });
    expect((await source.text()).endsWith('5 µm, 3 €\n')).toBe(true);
    expect((await lines(source)).at(-1)?.endsWith('5 µm, 3 €')).toBe(true);
  });

  it('keeps the name under which the converter knows it, wherever the bytes are', async () => {
    const path = await fileWith('x');
    const source = await FileSource.read({ fs: nodeFileSystem, path, knownAs: join('/watch', 'known.csv') });
    expect([source.name, await source.text()]).toEqual(['known.csv', 'x']);
  });

  it('lets Node say why it cannot be read', async () => {
    const path = join(await tempFolder(), 'none.csv');
    await expect(FileSource.read({ fs: nodeFileSystem, path })).rejects.toMatchObject({ code: 'ENOENT' });
    const fs = new FaultyFileSystem();
    fs.fail({ operation: 'file.read', code: 'EBUSY' });
    await expect(FileSource.read({ fs, path: await fileWith('x') })).rejects.toMatchObject({ code: 'EBUSY' });
  });
});

describe('a file that changes while it is read', () => {
  const changes: [name: string, change: (path: string) => Promise<unknown>][] = [
    ['grows', path => appendFile(path, 'more')],
    ['shrinks', path => writeFile(path, 'x')],
    ['is rewritten with the same length', path => writeFile(path, 'CONTENT')],
    ['gets another mtime', path => utimes(path, new Date(), new Date('2030-01-01T00:00:00Z'))],
    [
      'is replaced by another of the same size and mtime',
      async path => {
        const { atime, mtime } = await stat(path);
        await writeFile(`${path}.new`, 'CONTENT');
        await utimes(`${path}.new`, atime, mtime);
        await rename(`${path}.new`, path);
      },
    ],
  ];

  it.each(changes)('is not converted when it %s', async (_name, change) => {
    const path = await fileWith('content');
    // A clock that is coarser than this test must not hide a rewrite.
    await utimes(path, new Date('2026-01-01T00:00:00Z'), new Date('2026-01-01T00:00:00Z'));
    const fs = withWriter(async () => void (await change(path)));
    await expect(FileSource.read({ fs, path })).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
  });
});

describe('a file over 4 MiB', () => {
  it('is streamed in small chunks and not held in memory', async () => {
    const bytes = randomBytes(9 * MIB + 7);
    const path = await fileWith(bytes);
    const source = await FileSource.read({ fs: nodeFileSystem, path });
    expect(await source.sha256()).toBe(sha256(bytes));
    const hash = createHash('sha256');
    let biggest = 0;
    for await (const chunk of source.stream() as AsyncIterable<Buffer>) {
      hash.update(chunk);
      biggest = Math.max(biggest, chunk.length);
    }
    expect(hash.digest('hex')).toBe(sha256(bytes));
    expect(biggest).toBeLessThanOrEqual(256 * 1024);
    expect((await source.bytes()).equals(bytes)).toBe(true);
  });

  it.each(['stream', 'bytes', 'lines'] as const)(
    'that has changed since fails the %s, at its end at the latest',
    async form => {
      const path = await fileWith(Buffer.alloc(5 * MIB, 'line\n'));
      const source = await FileSource.read({ fs: nodeFileSystem, path });
      await writeFile(path, Buffer.alloc(5 * MIB, 'LINE\n'));
      const reading = form === 'stream' ? buffer(source.stream()) : form === 'bytes' ? source.bytes() : lines(source);
      await expect(reading).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
    },
  );

  it('is closed when the converter stops reading', async () => {
    const fs = new FaultyFileSystem();
    const source = await FileSource.read({ fs, path: await fileWith(Buffer.alloc(5 * MIB, 'line\n')) });
    fs.logging = true;
    for await (const _line of source.lines()) break;
    const stream = source.stream();
    for await (const _chunk of stream) break;
    const count = (operation: string): number => fs.log.filter(entry => entry.operation === operation).length;
    await vi.waitFor(() => expect([count('open'), count('file.close')]).toEqual([2, 2]));
  });
});

describe('a source that was let go of', () => {
  it('is read from the disk again, and checked', async () => {
    const path = await fileWith('content');
    const source = await FileSource.read({ fs: nodeFileSystem, path });
    source.release();
    expect(await source.text()).toBe('content');
    await writeFile(path, 'CONTENT');
    await expect(source.text()).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
  });
});

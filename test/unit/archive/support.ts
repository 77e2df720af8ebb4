import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach } from 'vitest';
import type { ArchiveOptions } from '../../../src/archive/archive-options.js';
import { ArchiveStorage } from '../../../src/archive/archive-storage.js';
import { temporaryFolders } from '../../support/temp-folder.js';

/** Opens archives, each of which is closed after its test. */
export function archives() {
  const tempFolder = temporaryFolders();
  const open = new Set<ArchiveStorage>();
  afterEach(async () => {
    for (const archive of open) await archive.close();
    open.clear();
  });
  let one: ArchiveStorage | undefined;
  afterAll(() => one?.close());
  return {
    tempFolder,
    /** One for all tests of a file, which takes less time than one for each. */
    async shared(): Promise<ArchiveStorage> {
      one ??= new ArchiveStorage({ directory: join(await tempFolder(), 'archive') });
      return one;
    },
    archiveIn(directory: string, options: Partial<ArchiveOptions> = {}): ArchiveStorage {
      const archive = new ArchiveStorage({ directory, ...options });
      open.add(archive);
      return archive;
    },
  };
}

export async function sourceFile(folder: string, name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** All files below a folder, relative to it, with `/`. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter(entry => entry.isFile())
    .map(entry =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort();
}

export async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

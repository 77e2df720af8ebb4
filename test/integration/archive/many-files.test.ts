import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ArchiveStorage } from 'millrace';
import pLimit from 'p-limit';
import { expect, it } from 'vitest';
import { amount } from '../../support/effort.js';
import { repoRoot } from '../../support/run.js';
import { temporaryFolders } from '../../support/temp-folder.js';

const tempFolder = temporaryFolders();
const FILES = amount({ quick: 100, usual: 300, soak: 10_000 });
const AT_ONCE = 32;

/** Files of this repository, as real as any: texts, JSON, binaries; each with a line of its own, so that none is alike. */
async function originals(folder: string): Promise<string[]> {
  const models = (await readdir(join(repoRoot, 'test'), { recursive: true, withFileTypes: true })).filter(one =>
    one.isFile(),
  );
  const contents = await Promise.all(models.slice(0, 200).map(one => readFile(join(one.parentPath, one.name))));
  const each = pLimit(AT_ONCE);
  return each.map(
    Array.from({ length: FILES }, (_, index) => index),
    async index => {
      const model = models[index % contents.length];
      const path = join(folder, `station ${index % 7}`, `${index} ${model?.name}`);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, Buffer.concat([Buffer.from(`${index}\n`), contents[index % contents.length] as Buffer]));
      const modified = new Date(1_700_000_000_000 + index * 60_000);
      await utimes(path, modified, modified);
      return path;
    },
  );
}

it('gives each of many files back as it was: content, name and time', { timeout: 1_800_000 }, async () => {
  const folder = await tempFolder();
  const paths = await originals(join(folder, 'in'));
  const each = pLimit(AT_ONCE);
  const directory = join(folder, 'archive');
  const ids = await (async (): Promise<string[]> => {
    await using archive = new ArchiveStorage({ directory });
    return await each.map(paths, path => archive.archiveSource(path, { converterName: `c${path.length % 5}` }));
  })();
  // As a later process sees it.
  await using archive = new ArchiveStorage({ directory });
  expect(new Set(ids).size).toBe(FILES);
  expect(await archive.count()).toBe(FILES);
  const different = await each.map(paths, async (path, index) => {
    const restored = await archive.restoreSource(ids[index] as string, join(folder, 'out', String(index)));
    const [was, is] = await Promise.all([readFile(path), readFile(restored)]);
    const times = await Promise.all([stat(path), stat(restored)]);
    const [before, after] = times.map(({ mtimeMs }) => Math.round(mtimeMs));
    return was.equals(is) && before === after && restored.endsWith(path.slice(dirname(path).length)) ? [] : [path];
  });
  expect(different.flat()).toEqual([]);
  expect(await archive.verify()).toEqual({ checked: FILES, ok: FILES, damaged: [], complete: true });
  expect((await archive.verifyAuditLog()).records).toBe(FILES);
});

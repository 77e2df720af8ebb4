/** The files of one store. */
import { join } from 'node:path';
import { systemCode } from '../errors.js';
import { removeIfThere, TEMP_SUFFIX, writeAll } from '../files/atomic-write.js';
import { type FileSystem, type OpenFile, PRIVATE_FILE } from '../files/file-system.js';

/** Where the files of a store lie. */
export interface StoreFiles {
  readonly directory: string;
  /** The snapshot: a plain SQLite file. */
  readonly db: string;
  readonly journal: string;
  /** The journal before the present one; there only until a snapshot holds what it holds. */
  readonly old: string;
  readonly dbTemp: string;
  readonly journalTemp: string;
}

export function storeFiles(directory: string, name: string): StoreFiles {
  const path = (ending: string): string => join(directory, `${name}.${ending}`);
  return {
    directory,
    db: path('db'),
    journal: path('journal'),
    old: path('journal.old'),
    dbTemp: path(`db${TEMP_SUFFIX}`),
    journalTemp: path(`journal${TEMP_SUFFIX}`),
  };
}

export async function exists(fs: FileSystem, path: string): Promise<boolean> {
  try {
    await fs.stat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** The file system cannot make hard links, as FAT and some shares. */
export function isLinkUnsupported(error: unknown): boolean {
  return ['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EPERM', 'EINVAL', 'EMLINK'].includes(systemCode(error) ?? '');
}

const COPY_BYTES = 1024 * 1024;

/** Gives a damaged file a second name that says so, before its own name is used again. Resolves with that name. */
export async function keepAside(fs: FileSystem, path: string, now: number): Promise<string> {
  const stamp = new Date(now).toISOString().replace(/[-:.]/g, '');
  for (let attempt = 0; ; attempt += 1) {
    const aside = `${path}.damaged-${stamp}${attempt ? `_${attempt}` : ''}`;
    try {
      await fs.link(path, aside);
      return aside;
    } catch (error) {
      if (systemCode(error) === 'EEXIST' && attempt < 100) continue;
      if (!isLinkUnsupported(error)) throw error;
    }
    await copy(fs, path, aside);
    return aside;
  }
}

async function copy(fs: FileSystem, from: string, to: string): Promise<void> {
  const source = await fs.open(from, 'r');
  try {
    const target = await fs.open(to, 'wx', PRIVATE_FILE);
    try {
      await pump(source, target);
      await target.datasync();
    } catch (error) {
      await removeIfThere(fs, to);
      throw error;
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function pump(source: OpenFile, target: OpenFile): Promise<void> {
  const buffer = Buffer.allocUnsafe(COPY_BYTES);
  for (;;) {
    const { bytesRead } = await source.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return;
    await writeAll(target, buffer.subarray(0, bytesRead));
  }
}

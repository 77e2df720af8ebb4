/** Whether a file goes on where a shorter one ended: what tells a half-written file from another one of its name. */
import { createHash } from 'node:crypto';
import { systemCode } from '../errors.js';
import type { FileSystem } from './file-system.js';

const CHUNK_BYTES = 256 * 1024;

/** Whether the file at `path` is longer than `size` bytes and these, its first ones, have the SHA-256 `sha256` (hex). */
export async function continues(fs: FileSystem, path: string, size: number, sha256: string): Promise<boolean> {
  try {
    const file = await fs.open(path, 'r');
    try {
      const { size: now } = await file.stat();
      // Everything goes on where an empty file ended, which says nothing.
      if (size === 0 || now <= size) return false;
      const hash = createHash('sha256');
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size));
      for (let offset = 0; offset < size; ) {
        const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - offset), offset);
        if (bytesRead === 0) return false;
        hash.update(buffer.subarray(0, bytesRead));
        offset += bytesRead;
      }
      return hash.digest('hex') === sha256;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (['ENOENT', 'EISDIR'].includes(systemCode(error) ?? '')) return false;
    throw error;
  }
}

/** Reads a text file line by line, in bounded memory. */
import { StringDecoder } from 'node:string_decoder';
import type { FileSystem } from '../../files/file-system.js';

const CHUNK_BYTES = 256 * 1024;

export async function* readLines(fs: FileSystem, path: string): AsyncGenerator<string> {
  const file = await fs.open(path, 'r');
  try {
    const decoder = new StringDecoder('utf8');
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let rest = '';
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) break;
      const lines = (rest + decoder.write(buffer.subarray(0, bytesRead))).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    if (rest !== '') yield rest;
  } finally {
    await file.close();
  }
}

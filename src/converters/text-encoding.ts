/** Text from bytes whose encoding nobody told us. */

/**
 * The encoding of a text: its byte order mark decides, else UTF-8 where the bytes are valid UTF-8, else Windows-1252,
 * which is what Windows testers write.
 * @param truncated The bytes are only the start of the text, so that the last character may be cut.
 */
export function detectEncoding(bytes: Uint8Array, truncated = false): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: truncated });
    return 'utf-8';
  } catch {
    // Not an error: that the bytes are not UTF-8 is the answer.
    return 'windows-1252';
  }
}

/** Decodes a whole text; see {@link detectEncoding} for the default. */
export function decodeText(bytes: Uint8Array, encoding?: string): string {
  const decoder = new TextDecoder(encoding ?? detectEncoding(bytes));
  // As a stream: in one go, Node 20 takes Windows-1252 for Latin-1 and loses the euro sign and typographic dashes.
  return decoder.decode(bytes, { stream: true }) + decoder.decode();
}

/**
 * Decodes chunks as they come. Without an encoding, a byte order mark decides, else they are UTF-8 up to the first chunk
 * that is not, and Windows-1252 from there on: what came before it was ASCII, or the text is in no single encoding.
 */
export async function* decodeChunks(chunks: AsyncIterable<Uint8Array>, encoding?: string): AsyncGenerator<string> {
  let decoder: InstanceType<typeof TextDecoder> | undefined = encoding ? new TextDecoder(encoding) : undefined;
  // The bytes of a character that the next chunk goes on with.
  let rest: Uint8Array = new Uint8Array(0);
  let isStart = true;
  for await (const chunk of chunks) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    rest = new Uint8Array(0);
    if (!decoder) {
      if (isStart && bytes.length < 3) {
        rest = bytes;
        continue;
      }
      if (isStart) decoder = decoderByMark(bytes);
      isStart = false;
    }
    if (!decoder) {
      const end = bytes.length - cutCharacter(bytes);
      const text = decodeUtf8(bytes.subarray(0, end));
      if (text !== undefined) {
        rest = bytes.subarray(end);
        yield text;
        continue;
      }
      decoder = new TextDecoder('windows-1252');
    }
    yield decoder.decode(bytes, { stream: true });
  }
  yield decoder ? decoder.decode() : decodeText(rest);
}

/** Decodes chunks to lines without their ends; see {@link decodeChunks}. */
export async function* decodeLines(chunks: AsyncIterable<Uint8Array>, encoding?: string): AsyncGenerator<string> {
  let rest = '';
  for await (const text of decodeChunks(chunks, encoding)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  if (rest !== '') yield rest;
}

/** The decoder that a byte order mark asks for. */
function decoderByMark(bytes: Uint8Array): InstanceType<typeof TextDecoder> | undefined {
  const byMark = detectEncoding(bytes.subarray(0, 2), true);
  if (byMark.startsWith('utf-16')) return new TextDecoder(byMark);
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return hasMark ? new TextDecoder('utf-8') : undefined;
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Not an error: that the bytes are not UTF-8 is the answer.
    return undefined;
  }
}

/** How many bytes at the end are the start of a character of UTF-8 that is not complete. */
function cutCharacter(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

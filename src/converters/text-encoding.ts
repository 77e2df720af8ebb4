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

/** Decodes chunks to lines without their ends. The first chunk decides about the encoding. */
export async function* decodeLines(chunks: AsyncIterable<Uint8Array>, encoding?: string): AsyncGenerator<string> {
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  let rest = '';
  for await (const chunk of chunks) {
    decoder ??= new TextDecoder(encoding ?? detectEncoding(chunk, true));
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  rest += decoder?.decode() ?? '';
  if (rest !== '') yield rest;
}

/** The text of a source in small pieces, so that parsing it never holds up the event loop of the host for long. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ConverterSource } from '../converters/source.js';
import { decodeChunks } from '../converters/text-encoding.js';
import { FileFormatError } from '../errors.js';

/** Takes a parser a few milliseconds. */
const PIECE_BYTES = 32 * 1024;

/** How a source is read. */
export interface ReadOptions {
  /** A label of the Encoding Standard. Default: detected. */
  encoding?: string | undefined;
  /** Ends the reading when it aborts. */
  signal?: AbortSignal | undefined;
}

/**
 * Decodes a source piece by piece, and lets others have a turn after each.
 * @throws FileFormatError when the encoding is not known; the reason of `signal` when it aborts.
 */
export async function* textPieces(source: ConverterSource, options: ReadOptions = {}): AsyncGenerator<string> {
  const { encoding, signal } = options;
  if (encoding !== undefined && !isEncoding(encoding)) {
    throw new FileFormatError(
      `${source.name} is to be read as '${encoding}': expected a known encoding, such as utf-8 or windows-1252`,
      { expected: 'a known encoding' },
    );
  }
  for await (const text of decodeChunks(pieces(source), encoding)) {
    if (text !== '') yield text;
    await nextTurn();
    signal?.throwIfAborted();
  }
}

/** Fails when a source is bigger than it may be. */
export function limitSize(source: ConverterSource, maxBytes: number): void {
  if (source.size <= maxBytes) return;
  throw new FileFormatError(`${source.name} has ${source.size} bytes: expected a file of at most ${maxBytes}`, {
    expected: `at most ${maxBytes} bytes`,
  });
}

async function* pieces(source: ConverterSource): AsyncGenerator<Uint8Array> {
  for await (const chunk of source.stream() as AsyncIterable<Uint8Array>) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES);
  }
}

function isEncoding(label: string): boolean {
  try {
    new TextDecoder(label);
    return true;
  } catch {
    // Not an error: that there is no decoder is the answer.
    return false;
  }
}

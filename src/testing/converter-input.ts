/** What a converter is run on in a test: a file, a text or bytes. */
import { resolve } from 'node:path';
import { FileSource } from '../converters/file-source.js';
import { MemorySource } from '../converters/memory-source.js';
import type { AnyConverter } from '../converters/run-conversion.js';
import type { ConverterSource } from '../converters/source.js';
import { nodeFileSystem } from '../files/file-system.js';

/**
 * What is converted. Text that holds a line break, or does not end as a file name does (`.csv`), is the content itself;
 * any other is the path of a file. Say `{ text }` for content that looks like a path. Bytes are content.
 */
export type ConverterInput = string | Uint8Array | { text: string } | { bytes: Uint8Array } | { path: string };

/** What the file of a test is called, where content is given. */
export interface InputOptions {
  /** Name of the file, where content is given. Default: `input`, with the first ending that the converter supports. */
  name?: string;
  /** Where content is given: when it last changed. Default 2026-01-01T00:00:00Z. */
  modifiedAt?: Date;
}

/** Content as a source, or the file at a path. */
export async function toSource(
  converter: AnyConverter,
  input: ConverterInput,
  options: InputOptions = {},
): Promise<ConverterSource> {
  const content = contentOf(input);
  if (typeof content === 'string') return FileSource.read({ fs: nodeFileSystem, path: resolve(content) });
  const name = options.name ?? `input${converter.supportedExtensions[0] ?? ''}`;
  const modifiedAt = options.modifiedAt ?? new Date(Date.UTC(2026, 0, 1));
  return new MemorySource({ bytes: content, path: resolve(name), modifiedAt });
}

/** The bytes that are given, or the path of a file. */
function contentOf(input: ConverterInput): Uint8Array | string {
  if (typeof input === 'string') return looksLikeContent(input) ? Buffer.from(input) : input;
  if (input instanceof Uint8Array) return input;
  if ('text' in input) return Buffer.from(input.text);
  return 'bytes' in input ? input.bytes : input.path;
}

function looksLikeContent(text: string): boolean {
  return /[\r\n]/.test(text) || !/\.[\w-]+$/.test(text);
}

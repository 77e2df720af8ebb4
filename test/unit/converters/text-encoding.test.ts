import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeChunks, decodeLines, decodeText, detectEncoding } from '../../../src/converters/text-encoding.js';

const TEXT = 'Prüfling;Größe\r\n漢字;3,5 µm\n😀 end';
const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

/** The same text as stations write it. */
const ENCODINGS: [name: string, bytes: Buffer, text: string][] = [
  ['UTF-8', Buffer.from(TEXT), TEXT],
  ['UTF-8 with a byte order mark', Buffer.from(`\uFEFF${TEXT}`), TEXT],
  ['UTF-16 little endian', Buffer.from(`\uFEFF${TEXT}`, 'utf16le'), TEXT],
  ['UTF-16 big endian', utf16be(`\uFEFF${TEXT}`), TEXT],
  ['Windows-1252', Buffer.from('Gr\xf6\xdfe \x80 5 \xb5m \x96 ok\r\nzwei', 'latin1'), 'Größe € 5 µm – ok\r\nzwei'],
  ['plain ASCII', Buffer.from('a;b\r\nc'), 'a;b\r\nc'],
  ['nothing', Buffer.alloc(0), ''],
];

async function* inChunks(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let offset = 0;
  for (let index = 0; offset < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.subarray(offset, offset + size);
    offset += size;
  }
}

async function lines(chunks: AsyncIterable<Uint8Array>, encoding?: string): Promise<string[]> {
  const result: string[] = [];
  for await (const line of decodeLines(chunks, encoding)) result.push(line);
  return result;
}

describe('text whose encoding nobody told', () => {
  it.each(ENCODINGS)('is read as %s', (_name, bytes, text) => {
    expect(decodeText(bytes)).toBe(text);
  });

  it('is read as told, and a wrong label is an error', () => {
    expect(decodeText(Buffer.from('\xe9', 'latin1'), 'windows-1252')).toBe('é');
    expect(decodeText(Buffer.from('é'), 'utf-8')).toBe('é');
    expect(() => decodeText(Buffer.from('a'), 'no-such-encoding')).toThrow(RangeError);
  });

  it('is UTF-8 where a sample ends in the middle of a character', () => {
    const bytes = Buffer.from('aä');
    expect(detectEncoding(bytes.subarray(0, 2), true)).toBe('utf-8');
    expect(detectEncoding(bytes.subarray(0, 2))).toBe('windows-1252');
  });
});

describe('lines', () => {
  it.each(ENCODINGS)('come without their ends, of %s', async (_name, bytes, text) => {
    const expected = text === '' ? [] : text.split(/\r?\n/);
    expect(await lines(inChunks(bytes, [bytes.length || 1]))).toEqual(expected);
  });

  it('are the same wherever the chunks are cut, in the middle of a character and of a line end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'ß', '漢', '😀', '\r', ';') }), { maxLength: 8 }),
        fc.constantFrom('\n', '\r\n'),
        fc.constantFrom<BufferEncoding | 'be'>('utf8', 'utf16le', 'be'),
        // The first chunk holds what tells the encoding; a file is read in far bigger ones.
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        async (given, end, encoding, sizes) => {
          const clean = given.map(line => line.replace(/\r+$/, ''));
          const text = clean.join(end);
          const marked = `\uFEFF${text}`;
          const bytes = encoding === 'be' ? utf16be(marked) : Buffer.from(marked, encoding);
          const expected = text === '' ? [] : text.split(/\r?\n/);
          if (expected.at(-1) === '') expected.pop();
          expect(await lines(inChunks(bytes, [3, ...sizes]))).toEqual(expected);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('keep a carriage return that is not at the end, and empty lines', async () => {
    expect(await lines(inChunks(Buffer.from('a\rb\n\n\r\nc\n'), [2]))).toEqual(['a\rb', '', '', 'c']);
  });

  it('can be read in part', async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        given += 1;
        yield Buffer.from('line\n');
      }
    }
    for await (const line of decodeLines(endless())) {
      expect(line).toBe('line');
      break;
    }
    expect(given).toBe(1);
  });
});

describe('chunks', () => {
  const decoded = async (chunks: readonly Uint8Array[], encoding?: string): Promise<string> => {
    let text = '';
    for await (const piece of decodeChunks(Readable.from(chunks), encoding)) text += piece;
    return text;
  };

  it('are Windows-1252 from the first one on that is not UTF-8: what came before was ASCII', async () => {
    const chunks = ['a;b\n', 'Gr\xf6\xdfe \x80\n', 'ok \x96\n'].map(text => Buffer.from(text, 'latin1'));
    expect(await decoded(chunks)).toBe('a;b\nGröße €\nok –\n');
  });

  it('are the same text wherever they are cut', async () => {
    for (const [, bytes, text] of ENCODINGS) {
      for (const size of [1, 2, 3, 5, 7]) {
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
          bytes.subarray(index * size, (index + 1) * size),
        );
        expect(await decoded(chunks)).toBe(text);
      }
    }
  });

  it('lose nothing of a character that is cut at the end', async () => {
    expect(await decoded([Buffer.from('abc\xe9', 'latin1')])).toBe('abcé');
    expect(await decoded([Buffer.from('漢').subarray(0, 2)])).toHaveLength(2);
    expect(await decoded([Buffer.from('\xe9', 'latin1')], 'windows-1252')).toBe('é');
  });
});

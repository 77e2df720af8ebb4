/** The encoding that an XML file says of itself. */
import type { ConverterSource } from '../../converters/source.js';

/** An XML declaration is shorter. */
const HEAD_BYTES = 256;
const DECLARED = /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']/;

/** The label in the XML declaration; `undefined` where there is none, or a byte order mark decides. */
export async function declaredEncoding(source: ConverterSource): Promise<string | undefined> {
  const head = await firstBytes(source);
  const [first = 0] = head;
  // Marks of UTF-16 and UTF-8. A label beside one of them is wrong or says the same.
  if (first === 0xff || first === 0xfe || first === 0xef) return undefined;
  const label = DECLARED.exec(head.toString('latin1'))?.[1];
  // Its letters were read as single bytes, so that it is not UTF-16, whatever it says: some writers convert it afterwards.
  return label && /^utf-?16/i.test(label) ? undefined : label;
}

async function firstBytes(source: ConverterSource): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source.stream() as AsyncIterable<Uint8Array>) {
    parts.push(chunk.subarray(0, HEAD_BYTES));
    length += chunk.length;
    if (length >= HEAD_BYTES) break;
  }
  return Buffer.concat(parts).subarray(0, HEAD_BYTES);
}

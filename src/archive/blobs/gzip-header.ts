/**
 * The header of a gzip member, with a JSON text in its comment field that says what the member holds. `gunzip` passes
 * over it; the catalog can be made again from it.
 *
 * Its length does not depend on what is known only at the end (checksum, sizes, id), so that it can be written last, in
 * the place that was left for it.
 */
import { crc32 } from 'node:zlib';

/** What is known of a member's content. */
export interface MemberContent {
  /** Bytes of the content. */
  size: number;
  /** Bytes of the compressed content, without header and trailer. */
  packed: number;
  /** SHA-256 of the content in hex. */
  sha256: string;
}

/** A header as it was read. */
export interface MemberHeader {
  /** Its own length in bytes. */
  length: number;
  content: MemberContent;
  /** Everything else that it says. */
  facts: Record<string, unknown>;
}

const FIXED_BYTES = 10;
const HAS_NAME = 0x08;
const HAS_COMMENT = 0x10;
/** Longer ones are no headers of ours. */
const MAX_HEADER_BYTES = 16 * 1024 * 1024;

/** Nothing is known yet; gives a header of the final length. */
export const NO_CONTENT: MemberContent = { size: 0, packed: 0, sha256: '0'.repeat(64) };

/**
 * @param name The file's name for `gunzip -N`; left out where gzip cannot hold it.
 * @param facts Plain JSON; what is not known yet must have its final length.
 */
export function encodeHeader(
  name: string,
  modifiedAt: Date,
  facts: Readonly<Record<string, unknown>>,
  content: MemberContent,
): Buffer {
  const fixed = Buffer.from([0x1f, 0x8b, 8, HAS_COMMENT, 0, 0, 0, 0, 0, 255]);
  const seconds = Math.floor(modifiedAt.getTime() / 1000);
  if (seconds > 0 && seconds < 2 ** 32) fixed.writeUInt32LE(seconds, 4);
  const named = /^[\x20-\x7e\xa1-\xff]+$/.test(name);
  if (named) fixed[3] = HAS_NAME | HAS_COMMENT;
  const nameBytes = named ? Buffer.from(`${name}\0`, 'latin1') : Buffer.alloc(0);
  return Buffer.concat([fixed, nameBytes, Buffer.from(`${comment(facts, content)}\0`, 'latin1')]);
}

/**
 * Reads a header at the beginning of `bytes`.
 * @returns `undefined` when it is not one of ours or is damaged, 'short' when more bytes are needed to tell.
 */
export function decodeHeader(bytes: Buffer): MemberHeader | 'short' | undefined {
  if (bytes.length < FIXED_BYTES) return 'short';
  const flags = bytes[3] ?? 0;
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || (flags & ~HAS_NAME) !== HAS_COMMENT) return undefined;
  const nameEnd = flags & HAS_NAME ? bytes.indexOf(0, FIXED_BYTES) : FIXED_BYTES - 1;
  const end = nameEnd < 0 ? -1 : bytes.indexOf(0, nameEnd + 1);
  if (end < 0) return bytes.length < MAX_HEADER_BYTES ? 'short' : undefined;
  const parsed = parseComment(bytes.toString('latin1', nameEnd + 1, end));
  return parsed && { length: end + 1, ...parsed };
}

function comment(facts: Readonly<Record<string, unknown>>, { size, packed, sha256 }: MemberContent): string {
  // ASCII alone: gzip's own character set is Latin-1, and no byte may be 0.
  const json = JSON.stringify({ millrace: 1, ...facts }).replace(
    /[\u007f-\uffff]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const content = `"size":${padded(size)},"packed":${padded(packed)},"sha256":"${sha256}"`;
  const text = `${json.slice(0, -1)},${content},"check":"`;
  return `${text}${crc32(text).toString(16).padStart(8, '0')}"}`;
}

function padded(value: number): string {
  return String(value).padStart(16);
}

function parseComment(text: string): Omit<MemberHeader, 'length'> | undefined {
  const [, body = '', check] = /^(.*)([0-9a-f]{8})"}$/s.exec(text) ?? [];
  if (check === undefined || crc32(body).toString(16).padStart(8, '0') !== check) return undefined;
  const {
    size,
    packed,
    sha256,
    check: _,
    millrace,
    ...facts
  } = JSON.parse(text) as Record<string, unknown> & MemberContent;
  return millrace === 1 ? { content: { size, packed, sha256 }, facts } : undefined;
}

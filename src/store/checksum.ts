/**
 * The snapshot's checksum, a CRC-32 kept inside the SQLite file: in the `application_id` field of its header, where
 * SQLite itself keeps nothing. So file and checksum are replaced together, by one rename.
 */
import { crc32 } from 'node:zlib';
import { flippedBit } from './flipped-bit.js';

const FIELD_OFFSET = 68;
const FIELD_BYTES = 4;
const HEADER_BYTES = 100;
const EMPTY_FIELD = new Uint8Array(FIELD_BYTES);

/** Writes the checksum into the file. */
export function seal(file: Uint8Array): void {
  field(file).setUint32(0, checksumOf(file));
}

/** The file is, bit for bit, what was sealed. */
export function isSealed(file: Uint8Array): boolean {
  return file.length >= HEADER_BYTES && offBy(file) === 0;
}

/**
 * Turns one bit so that the checksum is right. Where more than one is wrong, such a bit is found by chance: with a
 * probability of the file's size in bits / 2^32, 2 % at 10 MB. So look at what comes out.
 *
 * @returns What undoes it; `undefined` when it is not one bit that is wrong.
 */
export function turnFlippedBit(file: Uint8Array): (() => void) | undefined {
  if (file.length < HEADER_BYTES) return undefined;
  const bit = bitInField(offBy(file)) ?? flippedBit(offBy(file), file.length);
  if (!bit) return undefined;
  const { byte, mask } = bit;
  const turn = (): void => {
    file[byte] = (file[byte] as number) ^ mask;
  };
  turn();
  if (isSealed(file)) return turn;
  // Found inside the field, which counts as empty.
  turn();
  return undefined;
}

/** A bit of the checksum itself: nothing else is wrong. */
function bitInField(difference: number): { byte: number; mask: number } | undefined {
  const place = 31 - Math.clz32(difference);
  if (difference !== (1 << place) >>> 0) return undefined;
  return { byte: FIELD_OFFSET + FIELD_BYTES - 1 - (place >>> 3), mask: 1 << (place & 7) };
}

/** The checksum as it is, XOR as it stands there. */
function offBy(file: Uint8Array): number {
  return (field(file).getUint32(0) ^ checksumOf(file)) >>> 0;
}

function field(file: Uint8Array): DataView {
  return new DataView(file.buffer, file.byteOffset + FIELD_OFFSET, FIELD_BYTES);
}

function checksumOf(file: Uint8Array): number {
  const before = crc32(file.subarray(0, FIELD_OFFSET));
  return crc32(file.subarray(FIELD_OFFSET + FIELD_BYTES), crc32(EMPTY_FIELD, before));
}

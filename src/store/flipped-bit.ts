/**
 * Finds the one bit that makes a CRC-32 wrong. The checksum is linear: what it is off by depends on the place of the
 * flipped bit alone, and within 2^32 - 1 bits (512 MiB) no two places give the same, since the polynomial is primitive.
 */

/** A place in a file. */
export interface Bit {
  byte: number;
  /** The byte with this bit alone. */
  mask: number;
}

const POLYNOMIAL = 0xedb88320;
/** What a byte does to the checksum. */
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  return value;
});
/** Which byte did it, by the highest byte of what it did: those differ. */
const BYTE_OF = new Uint8Array(256);
for (const [byte, value] of TABLE.entries()) BYTE_OF[value >>> 24] = byte;

/**
 * @param offBy The checksum as it is, XOR as it should be; not 0.
 * @param length Bytes under the checksum.
 * @returns `undefined` when no single bit explains it.
 */
export function flippedBit(offBy: number, length: number): Bit | undefined {
  let rest = offBy | 0;
  // Takes the bytes back, from the last one on, until what is left is the difference in one byte alone.
  for (let byte = length - 1; byte >= 0; byte -= 1) {
    const index = BYTE_OF[rest >>> 24] as number;
    rest = ((rest ^ (TABLE[index] as number)) << 8) | index;
    if (rest > 0 && rest < 256 && (rest & (rest - 1)) === 0) return { byte, mask: rest };
  }
  return undefined;
}

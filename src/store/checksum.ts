/**
 * The snapshot's checksum, a CRC-32 kept inside the SQLite file: in the `application_id` field of its header, where
 * SQLite itself keeps nothing. So file and checksum are replaced together, by one rename.
 */
import { crc32 } from 'node:zlib';

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
  return file.length >= HEADER_BYTES && field(file).getUint32(0) === checksumOf(file);
}

function field(file: Uint8Array): DataView {
  return new DataView(file.buffer, file.byteOffset + FIELD_OFFSET, FIELD_BYTES);
}

function checksumOf(file: Uint8Array): number {
  const before = crc32(file.subarray(0, FIELD_OFFSET));
  return crc32(file.subarray(FIELD_OFFSET + FIELD_BYTES), crc32(EMPTY_FIELD, before));
}

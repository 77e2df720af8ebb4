/**
 * The journal's record: a 20-byte head (payload length, sequence number, CRC-32 of the payload, CRC-32 of the head
 * before it; little-endian) and a JSON payload. The head's own checksum tells a record that was cut off from one
 * whose length was damaged.
 */
import { crc32 } from 'node:zlib';
import type { SqlValue } from './schema.js';

export const HEAD_BYTES = 20;
/** The largest payload: one `writeAll`. */
export const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;
const MIN_PAYLOAD_BYTES = 2;
const TWO_32 = 2 ** 32;

/** A record's head. */
export interface RecordHead {
  length: number;
  sequence: number;
  payloadCrc: number;
}

/** The payload of a journal's first record: how to read those after it. Its sequence number is that of the record before them. */
export interface JournalHeader {
  format: 1;
  /** The schema version that the statements belong to. */
  version: number;
  /** The statements that the records name: a journal is replayed with the very SQL that it was written for. */
  statements: Readonly<Record<string, string>>;
}

/** A payload ready to be written. */
export interface Payload {
  text: string;
  bytes: number;
}

/** A call of a statement as it stands in a payload: its name and its parameters. */
export type RecordedCall = [string, ...SqlValue[]];

export function toPayload(content: JournalHeader | RecordedCall | RecordedCall[]): Payload {
  const text = JSON.stringify(content);
  return { text, bytes: Buffer.byteLength(text) };
}

/** The calls in a record's payload, which are applied together or not at all. */
export function callsOf(payload: string): RecordedCall[] {
  const content = JSON.parse(payload) as RecordedCall | RecordedCall[];
  return Array.isArray(content[0]) ? (content as RecordedCall[]) : [content as RecordedCall];
}

/** Records with consecutive sequence numbers, in memory of their own that can be handed to another thread. */
export function encodeRecords(payloads: readonly Payload[], firstSequence: number): Buffer {
  let size = 0;
  for (const { bytes } of payloads) size += HEAD_BYTES + bytes;
  const buffer = Buffer.allocUnsafeSlow(size);
  let offset = 0;
  let sequence = firstSequence;
  for (const { text, bytes } of payloads) {
    const start = offset + HEAD_BYTES;
    const end = start + buffer.write(text, start);
    buffer.writeUInt32LE(bytes, offset);
    buffer.writeUInt32LE(sequence % TWO_32, offset + 4);
    buffer.writeUInt32LE(Math.floor(sequence / TWO_32), offset + 8);
    buffer.writeUInt32LE(crc32(buffer.subarray(start, end)), offset + 12);
    buffer.writeUInt32LE(crc32(buffer.subarray(offset, offset + 16)), offset + 16);
    offset = end;
    sequence += 1;
  }
  return buffer;
}

/** The head at `offset`, where 20 bytes must be; `undefined` when there is none. */
export function readHead(buffer: Buffer, offset: number): RecordHead | undefined {
  const length = buffer.readUInt32LE(offset);
  if (length < MIN_PAYLOAD_BYTES || length > MAX_PAYLOAD_BYTES) return undefined;
  if (crc32(buffer.subarray(offset, offset + 16)) !== buffer.readUInt32LE(offset + 16)) return undefined;
  return {
    length,
    sequence: buffer.readUInt32LE(offset + 4) + buffer.readUInt32LE(offset + 8) * TWO_32,
    payloadCrc: buffer.readUInt32LE(offset + 12),
  };
}

/** The payload after a head, where it must be whole, is what was written. */
export function isPayloadSound(buffer: Buffer, offset: number, head: RecordHead): boolean {
  const start = offset + HEAD_BYTES;
  return crc32(buffer.subarray(start, start + head.length)) === head.payloadCrc;
}

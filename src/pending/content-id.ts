/**
 * Ids for reports that were given none: UUIDs of version 7, so that they sort by time. The tail of the id is taken from
 * the report's content, so that the same report queued twice is recognised, after a restart too, at no cost in memory.
 */
import { createHash, randomBytes } from 'node:crypto';
import { stringify, v5 as uuidV5 } from 'uuid';

const TAIL_BYTES = 8;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** Never changed: a file that is dropped twice, years apart, must get the same id. */
const DROPPED_NAMESPACE = '0b54c0f7-8f0e-5a0e-8a3b-7d0c5fb3a1d2';

let lastMs = 0;
let counter = 0;

/** An id for a report with this JSON, enqueued at `now`. With `dedupe`, equal JSON gives an equal {@link contentKeyOf}. */
export function createId(now: number, json: string, dedupe: boolean): string {
  counter = now === lastMs ? (counter + 1) & 0xfff : 0;
  lastMs = now;
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(now, 0, 6);
  bytes.writeUInt16BE(0x7000 | counter, 6);
  const tail = dedupe ? createHash('sha256').update(json).digest().subarray(0, TAIL_BYTES) : randomBytes(TAIL_BYTES);
  tail.copy(bytes, 8);
  bytes.writeUInt8((tail.readUInt8(0) & 0x3f) | 0x80, 8);
  return stringify(bytes);
}

/** The part of an id that stands for the content; `undefined` when the id was given by the caller in another form. */
export function contentKeyOf(id: string): string | undefined {
  return UUID_V7.test(id) ? id.slice(19) : undefined;
}

/** The id of a file that somebody put into the folder: made of its content, so that a second copy is a duplicate. */
export function droppedId(content: Uint8Array): string {
  return uuidV5(createHash('sha256').update(content).digest('hex'), DROPPED_NAMESPACE);
}

/** Names that are made from what they name, so that the same file gives the same one after any crash. */
import { createHash } from 'node:crypto';
import { parse, v5 as uuidv5 } from 'uuid';
import { comparable } from '../files/names.js';

/** The namespace of millrace's report ids: fixed for ever, or replays would count twice. */
const REPORTS = parse('b1c3c7de-5a0c-5a5e-9d0e-0f6f6d696c6c');

/**
 * The id of a report, which is also its idempotency key: UUIDv5 of the source's SHA-256, the converter's name, the
 * report's index and, where the same content was delivered before on purpose, how many times.
 */
export function reportId(sha256: string, converterName: string, index: number, occurrence = 0): string {
  const named = occurrence === 0 ? [sha256, converterName, index] : [sha256, converterName, index, occurrence];
  // As bytes: the library's own way from a string to them takes longer than all the rest.
  return uuidv5(Buffer.from(JSON.stringify(named)), REPORTS);
}

/** The ids of so many reports of a file, in order. */
export function reportIds(
  { sha256, converter, occurrence }: { sha256: string | null; converter: string | null; occurrence: number },
  count: number,
): string[] {
  return Array.from({ length: count }, (_, index) => reportId(sha256 ?? '', converter ?? '', index, occurrence));
}

/** The UUIDs that stand one after the other in hex. */
export function uuidsOf(hex: string): string[] {
  return Array.from({ length: hex.length / 32 }, (_, index) =>
    hex
      .slice(32 * index, 32 * index + 32)
      .toLowerCase()
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
  );
}

/** The id that accompanies a file from detection to the server's answer: the ledger's own id and the row's. */
export function correlationId(ledgerId: string, recordId: number): string {
  return uuidv5(Buffer.from(String(recordId)), ledgerId);
}

/** A 48-bit key under which a path is found; paths that the platform takes for the same file have the same key. */
export function pathKey(root: string, path: string): number {
  return createHash('sha1')
    .update(comparable(`${root}\0${path}`))
    .digest()
    .readUIntBE(0, 6);
}

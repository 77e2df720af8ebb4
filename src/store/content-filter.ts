/**
 * Tells of most contents that a store does not have them, without asking its database: a Bloom filter over their
 * checksums, which are as good as random already. With a million contents, one in eighty that are new is asked for.
 */
import { toError } from '../errors.js';
import type { Logger } from '../observe/logger.js';

/** 2 MiB. */
const BITS = 2 ** 24;
/** Hex digits of a checksum that lead to one bit. */
const DIGITS = 6;
const PLACES = [0, DIGITS] as const;
/** How much of a checksum is looked at, in hex digits. */
export const FILTER_DIGITS = PLACES.length * DIGITS;

/** The beginnings of some checksums, one after the other, and the row of the last of them: `null` after the last page. */
export interface ContentPage {
  last: number | null;
  digits: string | null;
}

/** Whoever writes a content adds it before the write; {@link fill} adds what was there before. */
export class ContentFilter {
  readonly #bits = new Uint8Array(BITS / 8);
  #complete = false;
  #ended = false;
  #filling: Promise<void> | undefined;

  /** Adds what the store has, a page at a time. Until all of it was added, every content is asked for. */
  fill(pageAfter: (row: number) => Promise<ContentPage | undefined>, logger: Logger): Promise<void> {
    this.#filling = this.#fill(pageAfter).catch((error: unknown) =>
      logger.debug({ err: toError(error) }, 'The contents of the store could not be listed: each is asked for'),
    );
    return this.#filling;
  }

  /** Resolves when the store is not asked any more. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#filling;
  }

  /** @param sha256 Its first {@link FILTER_DIGITS} hex digits at least. */
  add(sha256: string): void {
    for (const place of PLACES) {
      const bit = bitAt(sha256, place);
      this.#bits[bit >> 3] = (this.#bits[bit >> 3] as number) | (1 << (bit & 7));
    }
  }

  /** `false`: surely not. */
  mayHave(sha256: string): boolean {
    return !this.#complete || PLACES.every(place => this.#has(bitAt(sha256, place)));
  }

  async #fill(pageAfter: (row: number) => Promise<ContentPage | undefined>): Promise<void> {
    for (let after: number | null = Number.MIN_SAFE_INTEGER; after !== null; ) {
      if (this.#ended) return;
      const page: ContentPage | undefined = await pageAfter(after);
      const digits = page?.digits ?? '';
      for (let at = 0; at < digits.length; at += FILTER_DIGITS) this.add(digits.slice(at, at + FILTER_DIGITS));
      after = page?.last ?? null;
    }
    this.#complete = true;
  }

  #has(bit: number): boolean {
    return ((this.#bits[bit >> 3] as number) & (1 << (bit & 7))) !== 0;
  }
}

function bitAt(sha256: string, place: number): number {
  return Number.parseInt(sha256.slice(place, place + DIGITS), 16);
}

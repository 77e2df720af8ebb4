/**
 * Tells of most contents that the archive does not have them, without asking the database: a Bloom filter over their
 * checksums, which are as good as random already. With a million contents, one in eighty that are new is asked for.
 */

/** 2 MiB. */
const BITS = 2 ** 24;
/** Hex digits of a checksum that lead to one bit. */
const DIGITS = 6;
const PLACES = [0, DIGITS] as const;
/** How much of a checksum is looked at, in hex digits. */
export const FILTER_DIGITS = PLACES.length * DIGITS;

export class ContentFilter {
  readonly #bits = new Uint8Array(BITS / 8);
  #complete = false;

  /** Every content of the catalog was added. */
  complete(): void {
    this.#complete = true;
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

  #has(bit: number): boolean {
    return ((this.#bits[bit >> 3] as number) & (1 << (bit & 7))) !== 0;
  }
}

function bitAt(sha256: string, place: number): number {
  return Number.parseInt(sha256.slice(place, place + DIGITS), 16);
}

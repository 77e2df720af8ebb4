/** Broken variants of a file, the same for the same seed. */

/** Whole numbers from 0 to below `limit`. */
type Random = (limit: number) => number;

/** What parsers trip over. */
const TOKENS = [
  '"',
  "'",
  ',',
  ';',
  '\t',
  '\n',
  '\r',
  '\r\n',
  '\0',
  '\ufeff',
  '\ufffd',
  '<',
  '>',
  '</',
  '/>',
  '<a>',
  '&',
  '&amp;',
  '&lol;',
  '&#0;',
  ']]>',
  '<![CDATA[',
  '<!--',
  '<?xml version="1.1"?>',
  '<!DOCTYPE a [<!ENTITY lol "lol">]>',
  '{',
  '}',
  '[',
  ']',
  ':',
  '\\',
  '\\u0000',
  'null',
  'NaN',
  'Inf',
  '-1',
  '0',
  '1e999',
  '99999999999999999999',
  '-0.0000000000000000001',
  '1,5',
  '__proto__',
  'constructor',
  '../',
  '\u202e',
  '\ud83d\ude00',
  '\u0130',
] as const;

/**
 * A variant of one of some files. The same seed and number give the same variant, whatever was asked for before.
 * @param samples At least one.
 */
export function mutated(samples: readonly Uint8Array[], seed: number, number: number): Buffer {
  const random = randomOf(seed, number);
  const pick = () => samples[random(samples.length)] ?? new Uint8Array(0);
  let bytes: Buffer = Buffer.from(pick());
  // Truncation alone in a third of them: it is what a crash of the tester leaves.
  if (number % 3 === 0) return bytes.subarray(0, random(bytes.length + 1));
  for (let changes = 1 + random(4); changes > 0; changes -= 1) bytes = changed(bytes, random, pick);
  return bytes;
}

function changed(bytes: Buffer, random: Random, other: () => Uint8Array): Buffer {
  const at = random(bytes.length + 1);
  const to = Math.min(bytes.length, at + random(64));
  const [before, within, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
  const token = Buffer.from(TOKENS[random(TOKENS.length)] ?? '');
  switch (random(9)) {
    case 0:
      return Buffer.concat([before, token, bytes.subarray(at)]);
    case 1:
      return Buffer.concat([before, token, after]);
    case 2:
      return Buffer.concat([before, after]);
    case 3:
      return Buffer.concat([before, ...Array<Buffer>(1 + random(20)).fill(within), after]);
    case 4:
      return Buffer.concat([before, Buffer.from([random(256)]), bytes.subarray(Math.min(bytes.length, at + 1))]);
    case 5:
      return Buffer.concat([after, within, before]);
    case 6: {
      const foreign = other();
      const start = random(foreign.length + 1);
      return Buffer.concat([before, foreign.subarray(start, start + random(256)), after]);
    }
    case 7:
      return Buffer.from(swappedNumber(bytes, at, random), 'latin1');
    default:
      return bytes.subarray(0, at);
  }
}

/** With another number in place of the next one, which leaves the rest well-formed. */
function swappedNumber(bytes: Buffer, at: number, random: Random): string {
  const text = bytes.toString('latin1');
  const numbers = ['', '-', '0', '1e400', '-1e-400', 'NaN', '0x10', '1.5.2', '9'.repeat(1 + random(400)), ' ', 'abc'];
  return text.slice(0, at) + text.slice(at).replace(/-?\d+(?:\.\d+)?/, numbers[random(numbers.length)] ?? '');
}

/** Mulberry32: small, fast, and good enough to choose places. */
function randomOf(seed: number, number: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)) >>> 0;
  return limit => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(1, limit);
  };
}

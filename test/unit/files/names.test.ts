import { join, relative, sep } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inside, isInside, isOurs, numbered, relativeTo, takenName, withEnding } from '../../../src/files/names.js';

const bytes = (text: string): number => Buffer.byteLength(text);
/** Names as a file system may hold them: up to 255 bytes, of characters of every width. */
const fileName = fc
  .string({ unit: fc.constantFrom('a', 'ß', '漢', '😀', '.', ' '), minLength: 1, maxLength: 255 })
  .filter(name => bytes(name) <= 255 && name !== '.' && name !== '..');

describe('numbered names', () => {
  it('put the number before the extension', () => {
    expect(numbered('a.csv', 0)).toBe('a.csv');
    expect(numbered('a.csv', 1)).toBe('a_1.csv');
    expect(numbered('a.tar.gz', 12)).toBe('a.tar_12.gz');
    expect(numbered('noextension', 3)).toBe('noextension_3');
    expect(numbered('.hidden', 1)).toBe('.hidden_1');
  });

  it('are never longer than 255 bytes and never cut a character in half', () => {
    fc.assert(
      fc.property(fileName, fc.integer({ min: 0, max: 1_000_000 }), (name, number) => {
        const result = numbered(name, number);
        expect(bytes(result)).toBeLessThanOrEqual(255);
        expect(result.isWellFormed()).toBe(true);
        if (number > 0) expect(result).toContain(`_${number}`);
      }),
    );
  });

  it('keep the extension and differ from each other where the name is as long as it can be', () => {
    const longest = `${'ß'.repeat(125)}.csv`;
    expect(bytes(longest)).toBe(254);
    const names = [0, 1, 2, 10, 11].map(number => numbered(longest, number));
    expect(new Set(names).size).toBe(5);
    for (const name of names) expect(name.endsWith('.csv')).toBe(true);
  });

  it('take what follows a dot for an extension only where it can be one', () => {
    const sentence = `a.${'x'.repeat(253)}`;
    expect(bytes(sentence)).toBe(255);
    expect(bytes(numbered(sentence, 1000))).toBeLessThanOrEqual(255);
    expect(numbered(sentence, 1000).startsWith('a.x')).toBe(true);
    expect(numbered(sentence, 1000)).not.toBe(numbered(sentence, 1001));
  });
});

describe('endings', () => {
  it('are kept whole and shorten the name where they must', () => {
    expect(withEnding('a.csv', '.error')).toBe('a.csv.error');
    const long = withEnding('😀'.repeat(63), '.zip');
    expect(long.endsWith('.zip')).toBe(true);
    expect(bytes(long)).toBeLessThanOrEqual(255);
    expect(long.isWellFormed()).toBe(true);
  });
});

describe('paths inside a folder', () => {
  const folder = join('/data', 'done');

  it('are joined', () => {
    expect(inside(folder, 'sub/a.csv')).toBe(join(folder, 'sub', 'a.csv'));
    expect(inside(folder, '..a.csv')).toBe(join(folder, '..a.csv'));
  });

  it.each(['../a.csv', 'sub/../../a.csv', '..', '../done2/a.csv'])('never lead out of it: %s', path => {
    expect(() => inside(folder, path)).toThrow(expect.objectContaining({ code: 'NAME_ESCAPES' }));
  });

  it('are told from those of a sibling whose name begins alike', () => {
    expect(isInside(folder, join('/data', 'done2', 'a'))).toBe(false);
    expect(isInside(folder, join(folder, 'a'))).toBe(true);
    expect(isInside(folder, folder)).toBe(true);
    expect(isInside(folder, '/data')).toBe(false);
  });

  it('are what the platform says of them, however odd', () => {
    const part = fc.constantFrom('a', 'done', 'done2', '.', '..', '...', '.a', '');
    const path = fc.array(part, { maxLength: 5 }).map(parts => `/data/${parts.join('/')}`);
    fc.assert(
      fc.property(path, path, (one, other) => {
        expect(relativeTo(one, other)).toBe(relative(one, other).split(sep).join('/'));
        const below = relative(one, other);
        expect(isInside(one, other)).toBe(below !== '..' && !below.startsWith(`..${sep}`));
      }),
    );
  });

  it('are named with / on every platform', () => {
    expect(relativeTo(folder, join(folder, 'x', 'y.csv'))).toBe('x/y.csv');
  });
});

describe('our own names', () => {
  it('are told from data', () => {
    expect(isOurs(takenName('/data/a.csv', 'tag'))).toBe(true);
    expect(isOurs('/data/.1-2.millrace-tmp')).toBe(true);
    expect(isOurs('/data/a.csv')).toBe(false);
    expect(isOurs('/data/a.millrace-tmp')).toBe(false);
  });
});

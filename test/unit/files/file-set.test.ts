import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checksumOfSet, identityOfSet } from '../../../src/files/file-set.js';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const member = (name: string, size: number, mtimeMs = 1_000, ino = 7) => ({ name, size, mtimeMs, ino });

describe('the checksum of a set of files', () => {
  it('is the SHA-256 over one line for each file, sorted by their bytes, in whatever order they are given', () => {
    const a = { name: 'a.csv', size: 3, sha256: sha('one') };
    const b = { name: 'sub/ü.png', size: 5, sha256: sha('three') };
    const lines = [`${a.sha256} 3 a.csv\n`, `${b.sha256} 5 sub/ü.png\n`].sort();
    expect(checksumOfSet([a, b])).toBe(sha(lines.join('')));
    expect(checksumOfSet([b, a])).toBe(checksumOfSet([a, b]));
  });

  it('changes with a name, a size or a content', () => {
    const one = { name: 'a', size: 1, sha256: sha('x') };
    const all = [one, { ...one, name: 'b' }, { ...one, size: 2 }, { ...one, sha256: sha('y') }];
    expect(new Set(all.map(file => checksumOfSet([file]))).size).toBe(4);
  });
});

describe('the identity of a set of files', () => {
  it('has the sum of the sizes and the newest mtime, and no order', () => {
    const files = [member('a', 3, 2_000), member('b', 4, 1_000)];
    expect(identityOfSet(files)).toMatchObject({ size: 7, mtimeMs: 2_000 });
    expect(identityOfSet(files.reverse())).toEqual(identityOfSet(files));
  });

  it('is another one when any member was replaced, renamed or rewritten at the same total size', () => {
    const sets = [
      [member('a', 3), member('b', 4)],
      [member('a', 4), member('b', 3)],
      [member('a', 3), member('c', 4)],
      [member('a', 3), member('b', 4, 999)],
      [member('a', 3), member('b', 4, 1_000, 8)],
    ];
    expect(new Set(sets.map(set => identityOfSet(set).ino)).size).toBe(sets.length);
  });
});

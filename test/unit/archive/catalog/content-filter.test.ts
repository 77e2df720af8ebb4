import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ContentFilter, FILTER_DIGITS } from '../../../../src/archive/catalog/content-filter.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const contents = Array.from({ length: 20_000 }, (_, index) => sha256(`content ${index}`));
const others = Array.from({ length: 20_000 }, (_, index) => sha256(`another ${index}`));

describe('the filter of contents', () => {
  it('knows every content that it was told, and few of the others', () => {
    const filter = new ContentFilter();
    for (const content of contents) filter.add(content);
    filter.complete();
    expect(contents.every(content => filter.mayHave(content))).toBe(true);
    expect(others.filter(content => filter.mayHave(content)).length).toBeLessThan(20);
  });

  it('excludes nothing as long as it does not know all', () => {
    const filter = new ContentFilter();
    filter.add(contents[0] ?? '');
    expect(others.every(content => filter.mayHave(content))).toBe(true);
  });

  it('needs the beginning of a checksum alone', () => {
    const filter = new ContentFilter();
    for (const content of contents) filter.add(content.slice(0, FILTER_DIGITS).toUpperCase());
    filter.complete();
    expect(contents.every(content => filter.mayHave(content))).toBe(true);
  });
});

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/observe/logger.js';
import { ContentFilter, type ContentPage, FILTER_DIGITS } from '../../../src/store/content-filter.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const contents = Array.from({ length: 20_000 }, (_, index) => sha256(`content ${index}`));
const others = Array.from({ length: 20_000 }, (_, index) => sha256(`another ${index}`));

/** A store with these contents, a thousand a page. */
const pageAfter =
  (stored: readonly string[]) =>
  async (row: number): Promise<ContentPage> => {
    const after = Math.max(row, 0);
    const page = stored.slice(after, after + 1_000);
    return {
      last: page.length === 0 ? null : after + page.length,
      digits: page.length === 0 ? null : page.map(content => content.slice(0, FILTER_DIGITS).toUpperCase()).join(''),
    };
  };

describe('the filter of contents', () => {
  it('knows every content that the store has or that it was told, and few of the others', async () => {
    const filter = new ContentFilter();
    await filter.fill(pageAfter(contents.slice(0, 15_000)), silentLogger);
    for (const content of contents.slice(15_000)) filter.add(content);
    expect(contents.every(content => filter.mayHave(content))).toBe(true);
    expect(others.filter(content => filter.mayHave(content)).length).toBeLessThan(20);
  });

  it('excludes nothing as long as it does not know all', async () => {
    const filter = new ContentFilter();
    filter.add(contents[0] ?? '');
    expect(others.every(content => filter.mayHave(content))).toBe(true);

    await filter.fill(() => Promise.reject(new Error('the store is closed')), silentLogger);
    expect(others.every(content => filter.mayHave(content))).toBe(true);

    const filling = filter.fill(pageAfter(contents), silentLogger);
    await filter.end();
    await filling;
    expect(others.every(content => filter.mayHave(content))).toBe(true);
  });
});

/** Every link in the README, the changelog and the docs leads to a file that is there, and to a heading in it. */
import { access, readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repoRoot } from '../support/run.js';
import { anchorsOf, linksOf } from './links.js';

async function pages(): Promise<string[]> {
  const docs = await readdir(join(repoRoot, 'docs'), { recursive: true });
  const guides = docs.filter(path => path.endsWith('.md') && !path.startsWith('api')).map(path => `docs/${path}`);
  const top = (await readdir(repoRoot)).filter(path => path.endsWith('.md'));
  return [...top, ...guides];
}

describe('links', () => {
  it('lead to files that exist, and to headings in them', async () => {
    const dead: string[] = [];
    let checked = 0;
    for (const page of await pages()) {
      for (const link of linksOf(await readFile(join(repoRoot, page), 'utf8'))) {
        if (/^[a-z]+:/i.test(link)) continue;
        checked += 1;
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? join(repoRoot, page) : resolve(repoRoot, dirname(page), path);
        const there = await access(target).then(
          () => true,
          () => false,
        );
        const found = there && (anchor === undefined || anchorsOf(await readFile(target, 'utf8')).includes(anchor));
        if (!found) dead.push(`${page}: ${link}`);
      }
    }
    expect(dead).toEqual([]);
    expect(checked).toBeGreaterThan(50);
  });

  it('lead to every guide, from the README or from another guide', async () => {
    const all = await pages();
    const linked = new Set<string>();
    for (const page of all) {
      for (const link of linksOf(await readFile(join(repoRoot, page), 'utf8'))) {
        linked.add(
          relative(repoRoot, resolve(repoRoot, dirname(page), link.split('#')[0] ?? '')).replaceAll('\\', '/'),
        );
      }
    }
    expect(all.filter(page => page.startsWith('docs/') && !linked.has(page))).toEqual([]);
  });

  it('are found by a reader that knows code from prose', () => {
    const text = '# A `b` c!\n[x](a.md#b) `[no](c.md)`\n```\n# no\n[no](d.md)\n```\n## A `b` c!\n## FILE_FORMAT\n';
    expect(linksOf(text)).toEqual(['a.md#b']);
    expect(anchorsOf(text)).toEqual(['a-b-c', 'a-b-c-1', 'file_format']);
  });
});

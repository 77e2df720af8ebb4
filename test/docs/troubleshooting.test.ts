/**
 * Each error code has a section with when it comes and what to do. The hints in it are the code's own:
 * `npm run docs:guides` writes them anew; when it comes is written by hand.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ERROR_CODES, MillraceError } from 'millrace';
import { expect, it } from 'vitest';
import { repoRoot } from '../support/run.js';
import { anchorsOf } from './links.js';

const guide = join(repoRoot, 'docs/guides/troubleshooting.md');
const BEGIN = '# Error codes\n';

/** When each code comes, as the guide says now. */
async function sections(): Promise<{ head: string; when: Map<string, string> }> {
  const text = await readFile(guide, 'utf8');
  const [, codes = ''] = text.split(BEGIN);
  const [intro = '', ...parts] = codes.split(/^## /m);
  const when = parts.map(part => {
    const [code = '', ...lines] = part.split('\n');
    const prose = lines.filter(line => !line.startsWith('- '));
    return [code, prose.join('\n').trim()] as const;
  });
  return { head: `${text.slice(0, text.indexOf(BEGIN))}${BEGIN}${intro}`, when: new Map(when) };
}

it('has a section for every error code, with the hints of the code', async () => {
  const { head, when } = await sections();
  const rendered = ERROR_CODES.map(code => {
    const hints = new MillraceError(code, '').hints.map(hint => `- ${hint}\n`).join('');
    return `## ${code}\n\n${when.get(code) ?? 'TODO'}\n\n${hints}`;
  });
  await expect(`${head}${rendered.join('\n')}`).toMatchFileSnapshot(guide);
});

it('says of every error code when it comes, and gives at least one hint', async () => {
  const { when } = await sections();
  expect(ERROR_CODES.filter(code => (when.get(code) ?? 'TODO') === 'TODO')).toEqual([]);
  expect([...when.keys()].sort()).toEqual([...ERROR_CODES].sort());
  expect(ERROR_CODES.filter(code => new MillraceError(code, '').hints.length === 0)).toEqual([]);
});

it('is where the docs of every error lead', async () => {
  for (const code of ERROR_CODES) {
    const [path = '', anchor = ''] = new MillraceError(code, '').docs.split('#');
    expect(anchorsOf(await readFile(join(repoRoot, path), 'utf8')), code).toContain(anchor);
  }
});

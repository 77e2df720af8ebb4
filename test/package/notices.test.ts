import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastGlob from 'fast-glob';
import { expect, it } from 'vitest';
import tsupConfig from '../../tsup.config.js';
import { repoRoot } from '../support/run.js';

/** The packages that are built into ours. */
const { noExternal: builtIn = [] } = (tsupConfig as (options: object) => { noExternal?: string[] })({ dts: false });

it('every package that is built in has its licence in ours, word for word', async () => {
  const notices = await readFile(join(repoRoot, 'THIRD-PARTY-NOTICES.md'), 'utf8');
  const { files } = JSON.parse(await readFile(join(repoRoot, 'package.json'), 'utf8')) as { files: string[] };
  expect(files).toContain('THIRD-PARTY-NOTICES.md');
  expect(builtIn).toContain('saxes');
  for (const name of builtIn) {
    const folder = join(repoRoot, 'node_modules', name);
    const { license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { license: string };
    expect(notices, name).toContain(`\n## ${name} (${license})\n`);
    for (const file of await fastGlob('LICEN[CS]E*', { cwd: folder, caseSensitiveMatch: false })) {
      expect(notices, name).toContain((await readFile(join(folder, file), 'utf8')).trim());
    }
  }
  expect([...notices.matchAll(/^## (\S+)/gm)].map(match => match[1])).toEqual([...builtIn].sort());
});

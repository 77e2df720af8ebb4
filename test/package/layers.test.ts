import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { repoRoot } from '../support/run.js';

/** The folders of `src/` from the top to the bottom; each may import itself and those after it. */
const LAYERS = [
  'testing',
  'index.ts',
  'workers',
  'config',
  'pool',
  'discovery',
  'pending',
  'submit',
  'archive',
  'ledger',
  'formats',
  'converters',
  'report',
  'store',
  'files',
  'observe',
  // The files at the root.
  '',
];

const src = join(repoRoot, 'src');

/** The layer of a file, given relative to `src/`. */
function layerOf(path: string): number {
  const [folder = ''] = path.includes(sep) ? path.split(sep) : [path === 'index.ts' ? path : ''];
  return LAYERS.indexOf(folder);
}

it('imports point down only', async () => {
  const files = (await readdir(src, { recursive: true })).filter(path => path.endsWith('.ts'));
  expect(files).toContain('errors.ts');
  expect(files.filter(path => layerOf(path) === -1)).toEqual([]);

  const upward: string[] = [];
  for (const path of files) {
    const code = await readFile(join(src, path), 'utf8');
    for (const { fileName } of ts.preProcessFile(code).importedFiles) {
      if (!fileName.startsWith('.')) continue;
      const imported = relative(src, join(src, dirname(path), fileName)).replace(/\.js$/, '.ts');
      if (layerOf(imported) < layerOf(path)) upward.push(`${path} imports ${imported}`);
    }
  }
  expect(upward).toEqual([]);
});

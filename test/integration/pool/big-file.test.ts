/** A big file goes through a converter that streams, in memory that does not depend on its size. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { repoRoot, runNode } from '../../support/run.js';
import { Station } from './support.js';

const MB = 1024 * 1024;
/** All of it under `npm run soak`. */
const SIZE_MB = process.env.MILLRACE_SOAK === undefined ? 160 : 500;
const GROWTH_MB = 100;

it(`${SIZE_MB} MB are converted with less than ${GROWTH_MB} MB more`, { timeout: 300_000 }, async () => {
  const station = await Station.open();
  const line = `${'1234.5;'.repeat(18)}\r\n`;
  const block = line.repeat(MB / line.length);
  const file = await open(station.path('watch/big.csv'), 'w');
  for (let written = 0; written < SIZE_MB; written++) await file.write(block);
  await file.close();
  const module = pathToFileURL(join(repoRoot, 'dist/index.js')).href;
  const child = join(repoRoot, 'test/integration/pool/big-file-child.mjs');
  const { stdout } = await runNode(['--expose-gc', child, module, station.root], station.root);
  const { report, growth } = JSON.parse(stdout) as { report: object; growth: number };
  expect(report).toEqual({
    lines: SIZE_MB * (MB / line.length),
    characters: SIZE_MB * (MB - (MB / line.length) * 2),
  });
  expect(growth / MB).toBeLessThan(GROWTH_MB);
});

/** The operations guide knows every reason of health and every metric that the code has, and no other. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { metricFamilies } from '../../src/pool/metric-families.js';
import { Station } from '../integration/pool/support.js';
import { repoRoot } from '../support/run.js';

const read = (path: string): Promise<string> => readFile(join(repoRoot, path), 'utf8');
const rows = (text: string, pattern: RegExp): (string | undefined)[] =>
  [...text.matchAll(pattern)].map(match => match[1]);

it('has a row for every reason of health', async () => {
  const declared = /export type HealthReasonCode =([^;]+);/.exec(await read('src/observe/health.ts'))?.[1] ?? '';
  const codes = rows(declared, /'([A-Z_]+)'/g);
  expect(codes.length).toBeGreaterThan(10);
  expect(rows(await read('docs/guides/operations.md'), /^\| `([A-Z_]+)` \|/gm).sort()).toEqual(codes.sort());
});

it('has a row for every metric, with its type', async () => {
  const station = await Station.open();
  const families = metricFamilies(await station.pool().metrics());
  const documented = [...(await read('docs/guides/operations.md')).matchAll(/^\| `(millrace_\w+)` \| (\w+) \|/gm)];
  expect(documented.map(([, name, type]) => `${name} ${type}`).sort()).toEqual(
    families.map(({ name, type }) => `${name} ${type}`).sort(),
  );
});

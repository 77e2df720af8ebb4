/** A host may start and stop pools as often as it likes. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { amount } from '../../support/effort.js';
import { repoRoot, runNode } from '../../support/run.js';
import { Station } from './support.js';

const CYCLES = amount({ quick: 10, usual: 50, soak: 50 });
const child = fileURLToPath(new URL('./cycles-child.mjs', import.meta.url));

interface Used {
  handles: string[];
  threads: number;
  descriptors: number;
}

it(`${CYCLES} starts and stops leave no handle, thread or descriptor, and the process ends by itself`, {
  timeout: 300_000,
}, async () => {
  const station = await Station.open();
  const module = import.meta.resolve('millrace');
  const { stdout } = await runNode([child, module, station.root, String(CYCLES)], repoRoot);
  const { before, after, delivered } = JSON.parse(stdout) as { before: Used; after: Used; delivered: number };
  expect(after.handles).toEqual(before.handles);
  expect(after.threads).toBeLessThanOrEqual(before.threads);
  expect(after.descriptors).toBeLessThanOrEqual(before.descriptors);
  expect(delivered).toBeGreaterThanOrEqual(CYCLES / 2);
});

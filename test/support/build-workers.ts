/** Builds the worker threads' programs from source before the unit tests run. */
import { readdir } from 'node:fs/promises';
import { bundle } from './bundle.js';

const workers = new URL('../../src/workers/', import.meta.url);

export default async function buildWorkers(): Promise<void> {
  const entries = (await readdir(workers)).filter(name => name.endsWith('.ts'));
  await Promise.all(entries.map(name => bundle(new URL(name, workers), 'workers')));
}

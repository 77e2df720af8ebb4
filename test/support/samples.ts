/** Real files of real testers. They are not part of the repo: without them there is nothing to compare. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from './run.js';

const folder = join(repoRoot, '../shared/samples');

/** Whether they are there. */
export const hasSamples = existsSync(folder);

/** The path of one. */
export function samplePath(name: string): string {
  return join(folder, name);
}

export function sampleJson(name: string): unknown {
  return JSON.parse(readFileSync(samplePath(name), 'utf8'));
}

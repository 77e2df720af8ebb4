/** From checked values to the archive of a pool. */
import { join } from 'node:path';
import { ArchiveStorage } from '../archive/index.js';
import { madeFrom } from '../pool/reload.js';
import { attempt, type Given } from './build-delivery.js';
import type { Checking } from './check.js';

/** The archive, where the file has a section for one. Nothing is opened. */
export function buildArchive(
  checking: Checking,
  file: Readonly<Record<string, unknown>> & { dataDir: string },
  { logger }: Given,
): ArchiveStorage | undefined {
  const settings = file.archive as Readonly<Record<string, unknown>> | undefined;
  if (!settings) return undefined;
  const options = { directory: join(file.dataDir, 'archive'), ...settings, ...(logger ? { logger } : {}) };
  return attempt(checking, 'archive', () => madeFrom(new ArchiveStorage(options), settings));
}

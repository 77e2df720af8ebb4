/** A file that is not there any more: somebody removed it, or its folder is away. */
import { dirname } from 'node:path';
import { toError } from '../errors.js';
import { exists } from '../files/free-name.js';
import type { ActiveFile } from './active-file.js';
import type { Engine } from './engine.js';
import { about } from './pool-context.js';

/** Writes a removed file down as skipped. Never rejects. */
export async function noteVanished(engine: Engine, file: ActiveFile): Promise<void> {
  const { ledger, notify } = engine.context;
  // A share that is away has not lost its files: their rows wait, and the scan on its return finds them again.
  if (!(await isRemoved(engine, file))) return;
  const reason = 'it was removed before it was taken';
  try {
    file.record = await ledger.skipped(file.record, { reason, cleanup: null, converter: file.entry.identity });
    notify('skipped', { ...about(file), reason });
  } catch (thrown) {
    // Its row stays as discovered; audit() names it.
    notify('error', { error: toError(thrown), path: file.path, correlationId: file.correlationId });
  }
}

async function isRemoved({ context, posts }: Engine, file: ActiveFile): Promise<boolean> {
  if (file.location === file.path) return posts.holdsSince(file.record.root, file.presentAt);
  const folder = dirname(file.location);
  try {
    return await exists(context.fs, folder);
  } catch (thrown) {
    context.logger.debug({ folder, err: toError(thrown) }, 'A folder cannot be looked at');
    return false;
  }
}

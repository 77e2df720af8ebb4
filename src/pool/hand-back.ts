/** What becomes of a file whose converter was changed or removed while it was worked on. */
import { toError } from '../errors.js';
import type { ActiveFile } from './active-file.js';
import type { Engine } from './engine.js';

/** It goes on with the converter that has the name now, or waits in the books until there is one. Never rejects. */
export async function handBack(engine: Engine, file: ActiveFile): Promise<void> {
  const { ledger, roster, notify } = engine.context;
  const { id, root } = file.record;
  try {
    await ledger.caughtUp();
    const record = await ledger.get(id);
    roster.remove(file);
    const watched = engine.posts.roots.find(one => one.root === root);
    // A watch folder's converters may be others by now: it is routed anew.
    if (record?.state === 'discovered' && record.location === null) {
      if (watched) engine.intake.hint(watched, file.path);
    } else if (record) {
      await engine.recovery.goOn(record);
    }
  } catch (thrown) {
    roster.remove(file);
    notify('error', { error: toError(thrown), path: file.path, correlationId: file.correlationId });
  }
}

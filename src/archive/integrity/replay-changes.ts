/** Runs the calls of the change log once more: what no blob knows of its entry. */
import type { ArchiveContext } from '../archive-context.js';
import type { Change } from '../catalog/catalog.js';
import type { Statement } from '../catalog/statements.js';

/** How far the rows of the catalog are to be believed. */
export type Belief =
  /** They are sound: what they say stays. */
  | 'sound'
  /** They are from a damaged file: where the change log says otherwise, it is right. */
  | 'damaged'
  /** There are none. */
  | 'none';

const CHANGES_AT_ONCE = 500;

/** What is run in place of a call that leaves alone what is there. */
const MENDING = {
  addSetup: 'mendSetup',
  addFolder: 'mendFolder',
  addEnding: 'mendEnding',
  addPart: 'mendPart',
} as const satisfies Partial<Record<Statement, Statement>>;

export async function replayChanges(
  { catalog }: ArchiveContext,
  belief: Belief,
  wanted: (change: Change) => boolean = () => true,
): Promise<void> {
  const forgotten = new Set<unknown>();
  let batch: Change[] = [];
  // Straight to the store: the change log has these already.
  for await (const change of catalog.changes.read() as AsyncIterable<Change>) {
    if (wanted(change)) batch.push(...asRun(change, belief, forgotten));
    if (batch.length < CHANGES_AT_ONCE) continue;
    await catalog.store.writeAll(batch);
    batch = [];
  }
  await catalog.store.writeAll(batch);
}

/** @param forgotten The purges whose sums begin anew. */
function asRun(change: Change, belief: Belief, forgotten: Set<unknown>): Change[] {
  const { statement, params } = change;
  // It adds to a sum: it has done so already in rows that are sound.
  if (statement === 'addToPurge' && belief === 'sound') return [];
  if (belief !== 'damaged') return [change];
  const [first = null] = params;
  // A record of the audit log is not put right: somebody may have changed it, which verifyAuditLog() has to tell.
  if (Object.hasOwn(MENDING, statement)) return [{ statement: MENDING[statement as keyof typeof MENDING], params }];
  if (statement === 'tombstones') return [{ statement: 'revive', params: [first] }, change];
  if (statement === 'addToPurge' && !forgotten.has(first)) {
    forgotten.add(first);
    return [{ statement: 'forgetPurge', params: [first] }, change];
  }
  return [change];
}

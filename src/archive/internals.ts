/** The way from an `ArchiveStorage` to its parts, for retention, replay and the pool: not for users of the library. */
import type { ArchiveContext } from './archive-context.js';
import type { Keeping } from './keeping.js';

/** The parts of an archive that is open. */
export interface ArchiveInternals {
  readonly context: ArchiveContext;
  readonly keeping: Keeping;
}

const internals = new WeakMap<object, () => Promise<ArchiveInternals>>();

/** @param open Opens the archive, if it is not open yet. */
export function shareInternals(archive: object, open: () => Promise<ArchiveInternals>): void {
  internals.set(archive, open);
}

/** Opens the archive and gives its parts. @throws TypeError for what is no `ArchiveStorage` of this copy of the library. */
export function internalsOf(archive: object): Promise<ArchiveInternals> {
  const open = internals.get(archive);
  if (!open) throw new TypeError('this is not an ArchiveStorage of this copy of millrace');
  return open();
}

/** Where sources go when their files are done with. */
import type { Cleanup } from '../ledger/file-record.js';
import type { ActiveFile } from './active-file.js';

/** Where the source is afterwards. */
export interface PostProcessed {
  /** Absolute; `null` when it is under its own path or nowhere any more. */
  location: string | null;
  /** It stays in the watch folder. */
  kept: boolean;
}

/** What is done to a source in its folder: `archive` is a `delete` by then. */
export type Action = Exclude<Cleanup, 'archive'>;

/** The folder, absolute, below which an action puts a source. */
export function targetFolder({ entry, record }: ActiveFile, action: Exclude<Action, 'delete'>): string {
  switch (action) {
    case 'move':
    case 'zip':
      return entry.doneFolder;
    case 'error':
      return entry.errorFolder;
    case 'pending':
      return entry.pendingFolder;
    case 'keep':
      return record.root;
  }
}

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

/** The folder, absolute, below which an action puts a source. */
export function targetFolder({ entry, record }: ActiveFile, action: Exclude<Cleanup, 'delete'>): string {
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

/** The archive of originals and its catalog. */
export type { ArchiveEvents } from './archive-context.js';
export { type ArchiveOptions, ArchiveStorage } from './archive-storage.js';
export type { ArchivedFile } from './restore.js';
export type { ArchiveStatistics, ArchiveTotals } from './statistics.js';
export type {
  ArchiveEntry,
  ArchiveFilter,
  ArchiveInput,
  ArchivePage,
  ArchiveQuery,
  ArchiveStatus,
  ConversionFacts,
  SourceFacts,
} from './types.js';

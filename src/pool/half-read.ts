/** Files that were taken while they were only the first part of what they became: noticed, converted whole, and named. */
import type { HeldSource } from '../converters/held-source.js';
import { MillraceError } from '../errors.js';
import type { FileStat, FileSystem } from '../files/file-system.js';
import { continues } from '../files/prefix.js';
import type { ActiveFile } from './active-file.js';
import { deliveredReports } from './cleaner.js';
import { about, type PoolContext } from './pool-context.js';

/**
 * To be asked before anything is delivered.
 * @throws MillraceError `SOURCE_CHANGED` when the file has grown since it was read, so that half of it was converted. A
 * file that was replaced meanwhile is none: what was read of the old one is whole.
 */
export async function requireWhole(fs: FileSystem, file: ActiveFile, source: HeldSource): Promise<void> {
  const stat = await lookAt(fs, file).catch(() => undefined);
  if (!stat?.isFile() || stat.ino !== source.identity.ino || stat.size <= source.size) return;
  if (await continues(fs, file.location, source.size, source.key))
    throw new MillraceError('SOURCE_CHANGED', `${file.path} has grown while it was converted`);
}

/** One look tells both: what it is now, and whether it is a link, which a move has to know. */
async function lookAt(fs: FileSystem, file: ActiveFile): Promise<FileStat> {
  const stat = await fs.lstat(file.location);
  file.isLink = stat.isSymbolicLink();
  return file.isLink ? fs.stat(file.location) : stat;
}

/** Whether the generation before was the first part of this one, and reports were made of it. */
export async function continuesEarlier(fs: FileSystem, file: ActiveFile, source: HeldSource): Promise<boolean> {
  const { earlier, record } = file;
  if (!earlier?.sha256 || earlier.sha256 === source.key || record.supersedes === earlier.id) return false;
  return continues(fs, file.location, earlier.size, earlier.sha256);
}

/** The keys of the reports whose places the file's own take, in order. A later one without a place takes none. */
export async function supersededReports({ ledger }: PoolContext, file: ActiveFile): Promise<readonly string[]> {
  const { supersedes } = file.record;
  if (supersedes === null) return [];
  const earlier = file.earlier?.id === supersedes ? file.earlier : await ledger.get(supersedes);
  return earlier ? deliveredReports(earlier).map(({ id }) => id) : [];
}

/** Names both. To be called when the reports of the whole file are durable. */
export function tellSuperseded(context: PoolContext, file: ActiveFile, reports: readonly string[]): void {
  const { earlier, record } = file;
  if (!earlier || record.supersedes !== earlier.id) return;
  const correlationId = context.ledger.correlationId(earlier);
  const before = { correlationId, reports: deliveredReports(earlier).map(({ id }) => id) };
  context.notify('superseded', { ...about(file), reports, earlier: before });
}

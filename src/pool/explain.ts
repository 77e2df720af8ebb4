/** The most common question of all: why is my file not in the system? Answered in one sentence. */
import { dirname, join, resolve } from 'node:path';
import { systemCode } from '../errors.js';
import type { FileStat } from '../files/file-system.js';
import { exists } from '../files/free-name.js';
import { identityOf, sameIdentity } from '../files/identity.js';
import { isInside, relativeTo } from '../files/names.js';
import type { FileRecord } from '../ledger/file-record.js';
import type { ActiveFile } from './active-file.js';
import type { Engine } from './engine.js';
import { type IntakeRoot, lookAtUnit, unitAt } from './find-files.js';
import { maxAttempts } from './pool-context.js';

/** Says where the file is and why. */
export async function explain(engine: Engine, given: string): Promise<string> {
  const path = resolve(given);
  const { roster, ledger, fs } = engine.context;
  const root = engine.posts.rootOf(path);
  const unit = root && unitAt(root, relativeTo(root.root, path));
  const own = unit ? join(root.root, unit.path) : path;
  const active = roster.at(path) ?? roster.at(own);
  if (active) return ofActive(engine, active);
  const elsewhere = (await ledger.atLocation(path)) ?? (await ledger.atLocation(dirname(path)));
  if (elsewhere) return ofRecord(engine, elsewhere);
  const placed = (root === undefined || root.excludes(path)) && (await ledger.completedAtLocation(path));
  if (placed) return ofRecord(engine, placed);
  if (!root) return ofUnwatched(engine, path);
  const name = relativeTo(root.root, own);
  if (root.excludes(path)) return `${path} lies in a done, error or pending folder, where nothing is taken from.`;
  const [newest] = await ledger.history(root.root, name, 1);
  const stat = await fs.lstat(own).catch((error: unknown) => error);
  const there = isStat(stat);
  const look = unit && (await lookAtUnit(fs, root, unit).catch(() => undefined));
  // Suspended files are worked on without being under their own path.
  const inHand = newest && roster.get(newest.id);
  if (inHand) return ofActive(engine, inHand);
  if (newest && (!there || sameIdentity(newest, look?.identity ?? identityOf(stat))))
    return ofRecord(engine, newest, there);
  if (!there) {
    const main = await accompanied(engine, root, name);
    if (main) return `${path} accompanies another file: ${ofRecord(engine, main)}`;
    const away = engine.posts.away().includes(root.root);
    if (away) return `${root.root} cannot be reached now; it is looked for every second and picked up by itself.`;
    return systemCode(stat) === 'ENOENT'
      ? `${path} does not exist and was never seen.`
      : `${path} cannot be looked at (${systemCode(stat)}).`;
  }
  if (stat.isSymbolicLink()) return `${path} is ${await engine.posts.link(root, path)}.`;
  if (unit && (look || stat.isFile()))
    return `${own} has just been dropped and was not seen yet; the next event or rescan takes it.`;
  if (unit?.entry.unit.deep) return `${own} is a folder with no file in it; it is taken when there is one.`;
  if (!stat.isFile()) return `${path} is not a file.`;
  return `${path} is ignored: ${engine.posts.refusals(root, name).join('; ')}.`;
}

/** The file of which this was a companion. */
async function accompanied(engine: Engine, root: IntakeRoot, name: string): Promise<FileRecord | undefined> {
  for (const main of root.accompanied(name)) {
    const [newest] = await engine.context.ledger.history(root.root, main, 1);
    if (newest) return newest;
  }
  return undefined;
}

/** A path in no folder that is watched now. It may have been in one that was, until its converter was removed. */
async function ofUnwatched(engine: Engine, path: string): Promise<string> {
  const { ledger, fs } = engine.context;
  const there = await exists(fs, path);
  for (const root of ledger.knownRoots) {
    if (!isInside(root, path)) continue;
    const [newest] = await ledger.history(root, relativeTo(root, path), 1);
    if (newest) return ofRecord(engine, newest, there);
  }
  return `${path} lies in no watched folder, so the pool does not look at it.`;
}

function ofActive(engine: Engine, file: ActiveFile): string {
  const { path, entry, record } = file;
  const converter = `'${entry.converter.name}'`;
  switch (engine.stateOf(file)) {
    case 'growing':
    case 'waiting':
      return `${path} is waiting: ${engine.growing.reason(file) ?? 'it is looked at now'}.`;
    case 'waiting_for_network':
      return `${path} is ready and waits: ${engine.placeAway(entry)}.`;
    case 'queued':
      return `${path} is ready and waits for ${engine.closedBecause(entry) ?? `a worker; ${engine.dispatcher.waiting} files wait`}.`;
    case 'processing':
      return `${path} is being converted by ${converter}, attempt ${record.attempts} of ${maxAttempts(file)}.`;
    case 'ready':
    case 'discovered':
      return `${path} is tried again soon${record.reason ? `: ${record.reason}` : ''}.`;
    default:
      return ofRecord(engine, record);
  }
}

function ofRecord(engine: Engine, record: FileRecord, there = false): string {
  const path = `${record.root}/${record.path}`;
  const at = (time: number | null): string => (time === null ? 'an unknown time' : new Date(time).toISOString());
  const gone = record.converter !== null && !engine.context.registry.get(record.converter);
  const nobody = gone ? `; no converter '${record.converter}' is in this pool to go on` : '';
  const archived = record.archiveId ? `; archived as ${record.archiveId}` : '';
  const where = `${record.location ? `; the source is at ${record.location}` : ''}${archived}`;
  switch (record.state) {
    case 'completed':
      return `${path} was delivered by '${record.converter}' on ${at(record.completedAt)} (${count(record)})${superseding(record)}${record.kept ? `; it is kept in place${archived}` : where}.`;
    case 'delivering':
      return `${path} is converted; ${record.reports === 1 ? 'its report waits' : `of its ${record.reports} reports some wait`} in the pending queue${reasonOf(engine)}${superseding(record)}${where}.`;
    case 'cleaning':
      return `${path} is delivered (${count(record)}); its post-process action '${record.cleanup}' has not succeeded yet and is retried.`;
    case 'suspended':
      return `${path} is suspended${record.converter === null ? '' : ` by '${record.converter}'`} until ${at(record.notBefore)}: ${record.reason}${where}${nobody}.`;
    case 'failed':
      return `${path} failed on ${at(record.completedAt)} after ${record.attempts} attempts with '${record.converter}' ${record.converterVersion}: ${record.reason}${where}. It is taken up again when the converter's version or arguments change.`;
    case 'skipped':
      return `${path} was skipped on ${at(record.completedAt)}: ${record.reason}${where}.`;
    case 'processing':
      return `${path} was being converted when the process ended, and ${record.converter === null ? 'no converter that takes it' : `no converter '${record.converter}'`} is in this pool to go on.`;
    default:
      if (there || record.location)
        return `${path} was seen on ${at(record.firstSeenAt)} and waits: ${idleBecause(engine, record)}${where}.`;
      return `${path} was seen on ${at(record.firstSeenAt)} and is no longer in ${dirname(path)}.`;
  }
}

/** Why nobody has a file in hand that waits to be converted. */
function idleBecause({ posts }: Engine, { root, path, location, converter }: FileRecord): string {
  if (location !== null) return `no converter '${converter}' is in this pool to go on`;
  const watched = posts.roots.find(one => one.root === root);
  if (!watched) return `no converter of this pool watches ${root} any more`;
  if (unitAt(watched, path)) return 'the next rescan takes it';
  return posts.refusals(watched, path).join('; ');
}

function reasonOf(engine: Engine): string {
  const reason = engine.context.pending.offlineReason;
  return reason === undefined ? '' : ` (${reason})`;
}

/** What was delivered before, when the file was shorter. */
function superseding({ supersedes }: FileRecord): string {
  return supersedes === null
    ? ''
    : `; it supersedes what was delivered of its first part (file ${supersedes} of the ledger)`;
}

function count({ reports }: FileRecord): string {
  return reports === 1 ? '1 report' : `${reports} reports`;
}

function isStat(value: unknown): value is FileStat {
  return typeof (value as Partial<FileStat> | undefined)?.isFile === 'function';
}

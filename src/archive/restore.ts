/** Getting originals and reports back: checked before they appear under their names, and never outside the folder. */
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { ArchiveError, MillraceError } from '../errors.js';
import { discard, syncFolder, tempName, writeAll } from '../files/atomic-write.js';
import { whileBusy } from '../files/busy.js';
import { checksumOfSet } from '../files/file-set.js';
import { PRIVATE_FILE } from '../files/file-system.js';
import { takeFreeName } from '../files/free-name.js';
import { inside } from '../files/names.js';
import { makeFolder, publish } from '../files/place.js';
import { type ArchiveContext, entryOf } from './archive-context.js';
import { timeOfRow } from './archive-id.js';
import { reportPath, sourcePath } from './blobs/blob-path.js';
import { damaged, headerOf, type Member, membersOf, readContent } from './blobs/blob-reader.js';
import type { MemberContent } from './blobs/gzip-header.js';
import type { FileHeader } from './blobs/source-header.js';
import { blobId, type StoredEntry } from './catalog/stored-entry.js';

/** One of the files of an archived folder or companion set. */
export interface ArchivedFile {
  /** Path in the set, with `/`. */
  name: string;
  size: number;
  modifiedAt: Date;
  sha256: string;
  /** The content; it fails with `INTEGRITY`, at its end at the latest, when it is damaged. */
  stream(): Readable;
}

/** A file to be written: its path in the folder, and its content. */
interface Restored {
  name: string;
  modifiedAt: Date;
  stream: () => Readable;
}

/** The absolute path of an entry's blob. */
function blobPath({ blobs }: ArchiveContext, entry: StoredEntry): string {
  return blobs.path(sourcePath(blobId(entry), entry.ownerEnding ?? entry.ending));
}

/** The content of a single file. */
export function sourceStream(context: ArchiveContext, id: string, entry: StoredEntry): Readable {
  assertThere(id, entry);
  if (entry.members !== null) {
    throw new MillraceError('SOURCE_IS_FOLDER', `${id} holds ${entry.members} files: read them with openFiles()`);
  }
  return readContent(context.fs, blobPath(context, entry), entry);
}

/** The files of a set; one for a single file. @throws IntegrityError when they are not those that were archived. */
export async function filesOf(context: ArchiveContext, id: string, entry: StoredEntry): Promise<ArchivedFile[]> {
  assertThere(id, entry);
  const modifiedAt = new Date(timeOfRow(entry.id) - entry.ageMs);
  if (entry.members === null) {
    const { name, size, sha256 } = entry;
    return [{ name: basename(name), size, modifiedAt, sha256, stream: () => sourceStream(context, id, entry) }];
  }
  const path = blobPath(context, entry);
  const [, ...members] = await membersOf(context.fs, path);
  const files = members.map(member => archivedFile(context, path, member));
  if (files.length !== entry.members || checksumOfSet(files) !== entry.sha256) {
    throw damaged(path, 'its files are not those that were archived');
  }
  return files;
}

/** Writes the original into a folder. @returns Its path: its own name there, or a numbered one. */
export async function restoreSource(context: ArchiveContext, id: string, folder: string): Promise<string> {
  const entry = await entryOf(context, id);
  const files = await filesOf(context, id, entry);
  const name = safeName(entry.name, id);
  const [single] = files;
  return single && entry.members === null
    ? restoreFile(context, single, folder, name)
    : restoreSet(context, files, folder, name);
}

/** The archived reports of an entry, one after the other. */
export async function reportsOf(context: ArchiveContext, entry: StoredEntry): Promise<ReportOnDisk[]> {
  return context.catalog.query<ReportOnDisk>('reportsOf', [entry.id]);
}

/** A report as the catalog knows it. */
export interface ReportOnDisk {
  position: number;
  /** Size of its JSON. */
  size: number;
  stored: number;
  /** The first 16 hex digits of its SHA-256. */
  digest: string;
}

/** Reads a report back. @throws ArchiveError `ARCHIVE_UNKNOWN` when there is none. */
export async function readReport(context: ArchiveContext, id: string, position: number): Promise<unknown> {
  const entry = await entryOf(context, id);
  assertThere(id, entry);
  const report = (await reportsOf(context, entry)).find(one => one.position === position);
  if (!report) throw new ArchiveError('ARCHIVE_UNKNOWN', `${id} has no report ${position}`);
  const chunks: Buffer[] = [];
  for await (const chunk of await reportStream(context, id, report)) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString());
}

/** The JSON of a report. */
export async function reportStream(context: ArchiveContext, id: string, report: ReportOnDisk): Promise<Readable> {
  const path = context.blobs.path(reportPath(id, report.position));
  const header = await headerOf(context.fs, path);
  const expected = header?.content as MemberContent | undefined;
  if (!expected?.sha256.startsWith(report.digest)) throw damaged(path, 'its header is not that of what was archived');
  return readContent(context.fs, path, { size: report.size, sha256: expected.sha256 });
}

/** Writes a report's JSON into a folder, as `{name of the source}.json`. @returns Its path. */
export async function restoreReport(
  context: ArchiveContext,
  id: string,
  folder: string,
  position: number,
): Promise<string> {
  const entry = await entryOf(context, id);
  assertThere(id, entry);
  const report = (await reportsOf(context, entry)).find(one => one.position === position);
  if (!report) throw new ArchiveError('ARCHIVE_UNKNOWN', `${id} has no report ${position}`);
  const stream = await reportStream(context, id, report);
  const name = `${safeName(entry.name, id)}${position === 0 ? '' : `.${position}`}.json`;
  return restoreFile(context, { name, modifiedAt: new Date(context.clock.now()), stream: () => stream }, folder, name);
}

async function restoreFile(context: ArchiveContext, file: Restored, folder: string, name: string): Promise<string> {
  const { fs, logger } = context;
  await makeFolder(fs, folder);
  const temp = tempName(join(folder, name));
  try {
    await writeRestored(context, temp, file);
    return await publish(fs, temp, folder, name);
  } catch (error) {
    await discard(fs, temp, logger);
    throw error;
  }
}

/** As a folder of its own. It gets its name when every file of it is there and was checked. */
async function restoreSet(
  context: ArchiveContext,
  files: readonly Restored[],
  folder: string,
  name: string,
): Promise<string> {
  const { fs } = context;
  await makeFolder(fs, folder);
  const temp = tempName(join(folder, name));
  await fs.mkdir(temp);
  const written: string[] = [];
  const folders = new Set<string>();
  try {
    for (const file of files) {
      const path = inside(temp, file.name);
      for (let above = dirname(path); above !== temp; above = dirname(above)) folders.add(above);
      await makeFolder(fs, dirname(path));
      await writeRestored(context, path, file);
      written.push(path);
    }
    const target = await takeFreeName(fs, folder, name, async path => {
      await fs.mkdir(path);
    });
    for (const path of written) {
      const final = join(target, path.slice(temp.length));
      await makeFolder(fs, dirname(final));
      await whileBusy(() => fs.rename(path, final));
      await syncFolder(fs, dirname(final));
    }
    await syncFolder(fs, folder);
    return target;
  } finally {
    for (const path of written) await discard(fs, path, context.logger);
    for (const each of [...folders].sort((a, b) => b.length - a.length)) await fs.rmdir(each);
    await fs.rmdir(temp);
  }
}

async function writeRestored({ fs }: ArchiveContext, path: string, file: Restored): Promise<void> {
  const handle = await fs.open(path, 'wx', PRIVATE_FILE);
  try {
    for await (const chunk of file.stream()) await writeAll(handle, chunk as Uint8Array);
    await handle.utimes(file.modifiedAt, file.modifiedAt);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function archivedFile({ fs }: ArchiveContext, path: string, { header, start, end }: Member): ArchivedFile {
  const { name, modified } = header.facts as Partial<FileHeader>;
  if (typeof name !== 'string' || typeof modified !== 'string') throw damaged(path, 'a header names no file');
  const { size, sha256 } = header.content;
  return {
    name,
    size,
    sha256,
    modifiedAt: new Date(modified),
    stream: () => readContent(fs, path, { size, sha256 }, { start, end }),
  };
}

/** A name for a file here, whatever platform it came from. */
function safeName(name: string, id: string): string {
  const safe = name.replace(/[/\\\0]/g, '_');
  return safe === '' || safe === '.' || safe === '..' ? id : safe;
}

export function assertThere(id: string, { purgedAt }: StoredEntry): void {
  if (purgedAt === null) return;
  throw new ArchiveError('ARCHIVE_PURGED', `The content of ${id} was purged on ${new Date(purgedAt).toISOString()}`);
}

/** What became of a source: its outcome in the catalog, its reports beside it. */
import { createHash } from 'node:crypto';
import { ArchiveError } from '../errors.js';
import { writeAll } from '../files/atomic-write.js';
import { type ArchiveContext, entryOf, unknown } from './archive-context.js';
import { archiveError } from './archive-source.js';
import { reportPath } from './blobs/blob-path.js';
import { writing } from './blobs/draft.js';
import { packMember } from './blobs/member-writer.js';
import type { Change } from './catalog/catalog.js';
import { statusNumber, storedReportId } from './catalog/stored-entry.js';
import { wordsOf } from './catalog/words.js';
import { assertThere } from './restore.js';
import type { ConversionFacts } from './types.js';

/** An error is a sentence, not a dump: what is longer is cut. */
const MAX_ERROR = 2_000;

export async function updateConversion(context: ArchiveContext, id: string, facts: ConversionFacts): Promise<void> {
  const { catalog } = context;
  const row = await catalog.rowOf(id);
  if (row === undefined) throw unknown(id);
  const { status, durationMs, deliveredAt, serialNumber, partNumber } = facts;
  const error = facts.error?.slice(0, MAX_ERROR);
  const { uuid, text } = storedReportId(facts.reportId);
  const changes: Change[] = [
    {
      statement: 'outcome',
      params: [
        row,
        status === undefined ? null : statusNumber(status),
        error ?? null,
        durationMs === undefined ? null : Math.round(durationMs),
        deliveredAt?.getTime() ?? null,
        uuid,
        text,
        serialNumber ?? null,
        partNumber === undefined ? null : catalog.partId(partNumber),
      ],
    },
  ];
  const words = wordsOf(serialNumber, error);
  if (words !== '') changes.push({ statement: 'addWords', params: [row, words] });
  await catalog.write(changes);
}

/** Archives a report of a source. @param position 0 for the first; one that is there already is replaced. */
export async function archiveReport(
  context: ArchiveContext,
  report: unknown,
  id: string,
  { position, compressionLevel }: { position?: number | undefined; compressionLevel?: number | undefined },
): Promise<number> {
  const json = JSON.stringify(report) as string | undefined;
  if (json === undefined) throw new ArchiveError('ARCHIVE_FAILED', 'A report must be something that JSON can hold');
  // One after the other: the next position is that after the last.
  return context.contents.run(`reports of ${id}`, async () => {
    const entry = await entryOf(context, id);
    assertThere(id, entry);
    const at = position ?? entry.reports;
    try {
      await storeReport(context, entry.id, id, at, Buffer.from(json), compressionLevel ?? context.level);
    } catch (error) {
      throw archiveError(`Report ${at} of ${id} could not be archived`, error);
    }
    return at;
  });
}

async function storeReport(
  { catalog, blobs, clock, traffic }: ArchiveContext,
  row: number,
  id: string,
  position: number,
  bytes: Buffer,
  level: number,
): Promise<void> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const before = (
    await catalog.query<{ position: number; size: number; stored: number; digest: string }>('reportsOf', [row])
  ).find(report => report.position === position);
  const now = new Date(clock.now());
  const facts = { kind: 'report', id, position, archived: now.toISOString() };
  const name = reportPath(id, position);
  const packed = await packMember(
    { name: name.slice(name.lastIndexOf('/') + 1, -3), modifiedAt: now, facts },
    bytes,
    level,
    sha256,
  );
  const incoming = await writing(blobs, file => writeAll(file, packed.bytes));
  try {
    await blobs.replace(incoming, name);
  } catch (error) {
    await blobs.settled(incoming);
    throw error;
  }
  const stored = packed.bytes.length;
  const grown = stored - (before?.stored ?? 0);
  const digest = sha256.slice(0, 16);
  traffic.writtenBytes += stored;
  await catalog.write(
    position === 0
      ? [{ statement: 'firstReport', params: [row, bytes.length, grown, digest] }]
      : [
          { statement: 'anotherReport', params: [row, position, bytes.length, stored, digest] },
          { statement: 'countReports', params: [row, position + 1, grown] },
        ],
  );
}

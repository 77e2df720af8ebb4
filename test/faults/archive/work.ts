/** What the child does with an archive, and what its parent must find afterwards. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ArchiveStorage } from '../../../src/archive/archive-storage.js';
import { RetentionEngine } from '../../../src/archive/retention/retention-engine.js';

/** From here on a content is compressed while it is read. */
const LARGE = 4 * 1024 * 1024 + 100_000;

/** The content of a source: some are alike, one in fifty is large. */
export function contentOf(index: number): Buffer {
  if (index % 5 === 3) return Buffer.from('the same in every fifth\n');
  const line = `${createHash('sha256').update(String(index)).digest('hex')} ${index}\n`;
  return Buffer.from(line.repeat(index % 50 === 7 ? Math.ceil(LARGE / line.length) : 1 + (index % 40)));
}

/** Something that was acknowledged. */
export interface Ack {
  index: number;
  id: string;
  step: 'archived' | 'reported' | 'noted' | 'purged';
}

/** Archives one source, with its report and outcome; one in eleven is purged again. */
export async function archiveOne(archive: ArchiveStorage, index: number, acked: (ack: Ack) => void): Promise<void> {
  const source = { path: `/in/UUT ${index}.csv`, stream: Readable.from([contentOf(index)], { objectMode: false }) };
  const id = await archive.archiveSource(source, {
    converterName: `c${index % 3}`,
    parameters: { index: index % 2 },
    timestamp: new Date(Date.UTC(2026, 1, 1 + (index % 4), 0, 0, index)),
    correlationId: `file ${index}`,
  });
  acked({ index, id, step: 'archived' });
  await archive.archiveReport({ index }, id, { position: 0 });
  acked({ index, id, step: 'reported' });
  await archive.updateConversion(id, { status: 'success', serialNumber: `SN${index}`, deliveredAt: new Date() });
  acked({ index, id, step: 'noted' });
  if (index % 11 !== 4) return;
  await new RetentionEngine({ archive, gracePeriodMs: 0, reserveBytes: 0 }).purge([id]);
  acked({ index, id, step: 'purged' });
}

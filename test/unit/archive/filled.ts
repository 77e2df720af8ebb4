/** An archive with a little of everything, and everything that it answers. */
import { Readable } from 'node:stream';
import type { ArchiveStorage } from '../../../src/archive/archive-storage.js';

export const DAY = Date.UTC(2026, 1, 13);

/** Twelve sources of two converters: one in five failed, the others have a report; 3, 7 and 11 have the same content. @returns Their ids. */
export async function fill(archive: ArchiveStorage): Promise<string[]> {
  const add = async (index: number): Promise<string> => {
    const content = index % 4 === 3 ? 'the same\n' : `content ${index}\n`.repeat(50);
    const timestamp = new Date(DAY + index * 3_600_000);
    const facts = { converterName: index % 3 === 0 ? 'xml' : 'csv', timestamp, parameters: { index: index % 2 } };
    const id = await archive.archiveSource({ path: `/in/UUT ${index}.csv`, stream: Readable.from([content]) }, facts);
    const outcome =
      index % 5 === 0
        ? ({ status: 'failed', error: `Limit missing in row ${index}` } as const)
        : ({ status: 'success', durationMs: index, reportId: `r${index}`, serialNumber: `SN${index}` } as const);
    await archive.updateConversion(id, outcome);
    if (outcome.status === 'success') await archive.archiveReport({ index }, id);
    return id;
  };
  // The first one of those that have the same content; then all at once, which takes less time.
  const third = add(3);
  await third;
  return Promise.all(Array.from({ length: 12 }, (_, index) => (index === 3 ? third : add(index))));
}

/** Everything that the archive answers. */
export async function answers(archive: ArchiveStorage) {
  const { entries } = await archive.query({ limit: 1000 });
  const totals = await archive.statistics();
  const byText = (await archive.query({ text: 'limit row' })).entries.map(({ archiveId }) => archiveId);
  const bySerial = (await archive.query({ serialNumber: 'SN7' })).entries.map(({ archiveId }) => archiveId);
  const log = [];
  for await (const record of archive.auditLog()) if (record.action !== 'rebuild') log.push(record);
  return { entries, totals, byText, bySerial, log };
}

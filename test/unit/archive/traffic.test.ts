import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RetentionEngine } from '../../../src/archive/retention/retention-engine.js';
import { archives, sourceFile } from './support.js';

const { tempFolder, archiveIn } = archives();

describe('the traffic of an archive', () => {
  it('is what originals and reports take on the disk, and what was purged of it', async () => {
    const folder = await tempFolder();
    const archive = archiveIn(join(folder, 'archive'));
    expect(archive.traffic).toEqual({ writtenBytes: 0, purgedBytes: 0 });
    const facts = { converterName: 'csv' };
    const id = await archive.archiveSource(await sourceFile(folder, 'a.csv', 'SN-1;P\n'), facts);
    await archive.archiveReport({ sn: 'SN-1' }, id);
    const { storedBytes } = await archive.statistics();
    expect(archive.traffic).toEqual({ writtenBytes: storedBytes, purgedBytes: 0 });

    // The same content again takes no room.
    await archive.archiveSource(await sourceFile(folder, 'b.csv', 'SN-1;P\n'), facts);
    expect(archive.traffic.writtenBytes).toBe(storedBytes);

    const other = await archive.archiveSource(await sourceFile(folder, 'c.csv', 'SN-2;P\n'), facts);
    await archive.updateConversion(other, { status: 'success', deliveredAt: new Date() });
    const otherBytes = archive.traffic.writtenBytes - storedBytes;
    const retention = new RetentionEngine({ archive, gracePeriodMs: 0 });
    expect(await retention.purge([other])).toMatchObject({ archivesPurged: 1 });
    expect(archive.traffic.purgedBytes).toBe(otherBytes);
  });
});

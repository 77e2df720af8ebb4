import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RetentionEngine } from '../../../src/archive/retention/retention-engine.js';
import { FaultyFileSystem } from '../../../src/testing/faulty-file-system.js';
import { amount } from '../../support/effort.js';
import { archives } from '../../unit/archive/support.js';
import { problemsOf } from './harness.js';
import { type Ack, archiveOne } from './work.js';

const { tempFolder, archiveIn } = archives();

/** What needs space, or makes room for it. */
const NEEDS_SPACE = ['file.write', 'file.datasync', 'file.sync', 'open', 'link', 'rename', 'mkdir'] as const;
const SOURCES = 6;
const STEP = amount({ quick: 61, usual: 31, soak: 1 });

/** Archives all sources, each as often as it takes; a refusal takes the fault back. */
async function archiveAll(fs: FaultyFileSystem, directory: string): Promise<{ acks: Ack[]; refused: unknown[] }> {
  const archive = archiveIn(directory, { fs });
  const acks: Ack[] = [];
  const refused: unknown[] = [];
  for (let index = 3; index < 3 + SOURCES; ) {
    try {
      await archiveOne(archive, index, ack => acks.push(ack));
      index += 1;
    } catch (error) {
      refused.push(error);
      fs.heal();
      if (refused.length > 20) throw error;
    }
  }
  await archive.close();
  return { acks, refused };
}

describe('a full disk', () => {
  it('at any write costs nothing that was acknowledged, and archiving goes on by itself', {
    timeout: 1_800_000,
  }, async () => {
    const counting = new FaultyFileSystem();
    counting.logging = true;
    await archiveAll(counting, join(await tempFolder(), 'archive'));
    const writes = counting.log.filter(({ operation }) =>
      (NEEDS_SPACE as readonly string[]).includes(operation),
    ).length;
    expect(writes).toBeGreaterThan(100);
    const found: { skip: number; problems: string[] }[] = [];
    let refusals = 0;
    for (let skip = 0; skip < writes; skip += STEP) {
      const folder = await tempFolder();
      const directory = join(folder, 'archive');
      const fs = new FaultyFileSystem();
      // The lock file is opened to be read, and beaten in place: neither needs space.
      fs.fail({ operation: NEEDS_SPACE, path: /archive(?!\/lock$)/, code: 'ENOSPC', skip, times: 3 });
      const { acks, refused } = await archiveAll(fs, directory);
      refusals += refused.length;
      const problems = await problemsOf(directory, acks, join(folder, 'out'));
      for (const error of refused) if (!/ENOSPC/.test(String(error))) problems.push(String(error));
      if (new Set(acks.map(({ index }) => index)).size !== SOURCES) problems.push('not all of it was archived');
      if (problems.length > 0) found.push({ skip, problems });
    }
    expect(found).toEqual([]);
    expect(refusals).toBeGreaterThan(writes / STEP / 2);
  });

  it('does not keep the archive from being checked and purged', async () => {
    const folder = await tempFolder();
    const directory = join(folder, 'archive');
    const { acks } = await archiveAll(new FaultyFileSystem(), directory);
    const fs = new FaultyFileSystem();
    // Everything that writes content; names can be removed on a full disk.
    fs.fail({ operation: 'file.write', path: /incoming|\.gz|changes/, code: 'ENOSPC' });
    const archive = archiveIn(directory, { fs });
    expect((await archive.verify()).damaged).toEqual([]);
    await expect(archive.archiveSource(join(folder, 'archive', 'lock'), { converterName: 'c' })).rejects.toMatchObject({
      code: 'ARCHIVE_FAILED',
    });
    const id = acks[0]?.id ?? '';
    expect(await new RetentionEngine({ archive, gracePeriodMs: 0, reserveBytes: 0 }).purge([id])).toMatchObject({
      archivesPurged: 1,
    });
    expect((await archive.get(id))?.purgedAt).not.toBeNull();
  });
});

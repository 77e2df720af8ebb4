import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isDiskFull } from '../../../src/errors.js';
import { nodeFileSystem } from '../../../src/files/file-system.js';
import { type ActiveFault, FaultyFileSystem } from '../../../src/testing/faulty-file-system.js';
import { Vault } from './support.js';

describe('retention on a disk that fills up', () => {
  it('purges the oldest until enough is free: first what lies in graves, then more', async () => {
    const BLOCK = 4_096;
    let vault: Vault | undefined;
    // A volume of 100 blocks, of which everything takes one that is in the archive.
    const statfs = async () => ({ bsize: BLOCK, blocks: 100, bavail: 10 - (await (vault as Vault).blobs()).length });
    vault = await Vault.open({ gracePeriodMs: 3_600_000 }, { ...nodeFileSystem, statfs });
    const ids = [];
    for (let days = 8; days > 0; days--) ids.push(await vault.put(days));
    // Purged a moment ago, and still there.
    await vault.engine.purge([ids[5] as string]);
    expect(await vault.blobs()).toHaveLength(8);
    const policy = { converterName: 'csv', minFreeBytes: 5 * BLOCK };
    const { entries } = await vault.engine.preview(policy);
    expect(entries).toMatchObject([
      { archiveId: ids[0], reason: 'min_free_bytes' },
      { archiveId: ids[1], reason: 'min_free_bytes' },
    ]);
    expect(await vault.engine.enforce(policy)).toMatchObject({ archivesPurged: 2, bytesPending: 0 });
    expect(await vault.alive()).toEqual(ids.filter((_, index) => ![0, 1, 5].includes(index)));
    expect(await vault.blobs()).toHaveLength(5);
    expect(await vault.engine.enforce(policy)).toMatchObject({ archivesPurged: 0 });
    await expect(vault.engine.enforce({ converterName: 'csv', minFreeBytes: 100 * BLOCK })).rejects.toThrow(
      /whole disk/,
    );
  });

  it('works without a free byte: the reserve pays for the books, and is put back', async () => {
    const unlinked: string[] = [];
    let full: ActiveFault | undefined;
    const fs = new FaultyFileSystem({
      ...nodeFileSystem,
      unlink: async path => {
        await nodeFileSystem.unlink(path);
        unlinked.push(basename(path));
        // There is room again, for a while.
        full?.remove();
      },
    });
    const vault = await Vault.open({ policies: [{ converterName: 'csv', retentionDays: 90 }] }, fs);
    await vault.put(100);
    await vault.put(99);
    const young = await vault.put(1);
    await vault.engine.preview();
    unlinked.length = 0;
    full = fs.fail({ operation: 'file.write', code: 'ENOSPC' });
    expect(await vault.engine.enforce()).toMatchObject({ archivesPurged: 2, complete: true });
    expect(unlinked[0]).toBe('reserve');
    expect(await readdir(vault.folder)).toContain('reserve');
    expect(await vault.alive()).toEqual([young]);
    expect(await vault.blobs()).toEqual([expect.stringContaining(young)]);
    await vault.reopen();
    expect(await vault.alive()).toEqual([young]);
  });

  it('says so when there is not even a reserve, and purges nothing', async () => {
    const fs = new FaultyFileSystem();
    const policies = [{ converterName: 'csv', retentionDays: 90 }];
    const vault = await Vault.open({ reserveBytes: 0, policies }, fs);
    const id = await vault.put(100);
    await vault.engine.preview();
    const full = fs.fail({ operation: 'file.write', code: 'ENOSPC' });
    await expect(vault.engine.enforce()).rejects.toSatisfy(isDiskFull);
    expect(await vault.blobs()).toHaveLength(1);
    full.remove();
    expect(await vault.alive()).toEqual([id]);
    expect(await vault.engine.enforce()).toMatchObject({ archivesPurged: 1 });
  });
});

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DAY_MS, NOW, Vault } from './support.js';

const GIB = 1024 ** 3;

describe('retention', () => {
  it('purges by age what is delivered, and previews exactly that', async () => {
    const vault = await Vault.open({ policies: [{ converterName: 'csv', retentionDays: 90 }] });
    const old = await vault.put(100, { report: { sn: 'S1' } });
    const waiting = await vault.put(99, { deliveredAt: undefined });
    const pinned = await vault.put(98);
    await vault.archive.pin(pinned, 'a customer asks');
    const failed = await vault.put(97, { status: 'failed', deliveredAt: undefined });
    const young = await vault.put(1);

    const preview = await vault.engine.preview();
    expect(preview.entries.map(({ archiveId, reason }) => [archiveId, reason])).toEqual([
      [old, 'retention_days'],
      [failed, 'retention_days'],
    ]);
    expect(preview.skipped).toEqual([
      { archiveId: waiting, reason: 'undelivered' },
      { archiveId: pinned, reason: 'pinned' },
    ]);
    expect(preview.remaining).toMatchObject([{ converterName: 'csv', entries: 3 }]);
    expect(await vault.alive()).toHaveLength(5);
    expect(await vault.engine.estimateSavings()).toEqual({
      archives: 2,
      bytes: preview.bytes,
      byReason: { retention_days: { archives: 2, bytes: preview.bytes } },
    });

    const before = await vault.blobs();
    const result = await vault.engine.enforce();
    expect(result).toMatchObject({ archivesPurged: 2, bytesFreed: preview.bytes, bytesPending: 0, complete: true });
    expect(result.skipped).toEqual(preview.skipped);
    expect(await vault.alive()).toEqual([waiting, pinned, young]);
    const left = await vault.blobs();
    expect(before.filter(path => !left.includes(path))).toHaveLength(3);
    expect(left.every(path => [waiting, pinned, young].some(id => path.includes(id)))).toBe(true);
    // It is known what it was, and that it is gone.
    expect(await vault.archive.get(old)).toMatchObject({ purgedAt: new Date(NOW), sourcePath: '/watch/100.csv' });
    await expect(vault.archive.openSource(old)).rejects.toMatchObject({ code: 'ARCHIVE_PURGED' });
    expect(await vault.engine.history()).toMatchObject([
      {
        converterName: 'csv',
        archivesPurged: 2,
        bytesFreed: preview.bytes,
        reason: 'retention_days',
        purgedAt: new Date(NOW),
      },
    ]);
    expect(await vault.engine.enforce()).toMatchObject({ archivesPurged: 0 });
  });

  it('purges by size, the oldest first, and what failed only by its age', async () => {
    const vault = await Vault.open();
    const failed = await vault.put(5, { status: 'failed', deliveredAt: undefined });
    const ids = [];
    for (const days of [4, 3, 2, 1]) ids.push(await vault.put(days));
    const { bytes } = await vault.engine.estimateSavings({ converterName: 'csv', maxSizeGb: 0, purgeEverything: true });
    const half = { converterName: 'csv', maxSizeGb: (bytes * 0.8) / GIB };
    const { entries } = await vault.engine.preview(half);
    expect(entries.every(entry => entry.reason === 'max_size_gb')).toBe(true);
    const result = await vault.engine.enforce(half);
    expect(result.skipped).toEqual([{ archiveId: failed, reason: 'too_young' }]);
    expect(await vault.alive()).toEqual([failed, ...ids.slice(entries.length)]);
    expect(entries.map(entry => entry.archiveId)).toEqual(ids.slice(0, entries.length));
  });

  it('keeps the content for the grace period, and brings entries back', async () => {
    const vault = await Vault.open({
      gracePeriodMs: 3_600_000,
      policies: [{ converterName: 'csv', retentionDays: 90 }],
    });
    const ids = [await vault.put(100), await vault.put(95)];
    const preview = await vault.engine.preview();
    expect(await vault.engine.enforce()).toMatchObject({
      archivesPurged: 2,
      bytesFreed: 0,
      bytesPending: preview.bytes,
    });
    expect(await vault.alive()).toEqual([]);
    expect(await vault.blobs()).toHaveLength(2);

    expect(await vault.engine.undelete([ids[1] as string])).toEqual([ids[1]]);
    expect(await vault.alive()).toEqual([ids[1]]);
    await vault.archive.pin(ids[1] as string);
    await vault.clock.advance(3_599_999);
    expect(await vault.engine.enforce()).toMatchObject({ archivesPurged: 0, bytesFreed: 0 });
    // Restarts do not matter.
    await vault.reopen({ gracePeriodMs: 3_600_000 });
    await vault.clock.advance(1);
    expect(await vault.engine.enforce()).toMatchObject({ bytesFreed: preview.entries[0]?.bytes, bytesPending: 0 });
    expect(await vault.blobs()).toEqual([expect.stringContaining(ids[1] as string)]);
    expect(await vault.engine.undelete([ids[0] as string])).toEqual([]);
    const source = await vault.archive.openSource(ids[1] as string);
    expect((await source.toArray()).join('')).toBe('content of day 95');
  });

  it('removes content that several share with the last of them', async () => {
    const vault = await Vault.open({ policies: [{ converterName: 'csv', retentionDays: 90 }] });
    const first = await vault.put(100, { content: 'the same' });
    const second = await vault.put(50, { content: 'the same' });
    await vault.engine.enforce();
    expect(await vault.alive()).toEqual([second]);
    expect((await (await vault.archive.openSource(second)).toArray()).join('')).toBe('the same');
    const { storedBytes } = await vault.archive.statistics();
    expect(storedBytes).toBeGreaterThan(0);
    await vault.clock.advance(50 * DAY_MS);
    expect((await vault.engine.enforce()).bytesFreed).toBe(storedBytes);
    expect(await vault.blobs()).toEqual([]);
    expect(first).not.toBe(second);
  });

  it('what is in its grace period is no damage, and is still there when the catalog was lost', async () => {
    const vault = await Vault.open({
      gracePeriodMs: 3_600_000,
      policies: [{ converterName: 'csv', retentionDays: 90 }],
    });
    const old = await vault.put(100, { report: { sn: 'S1' } });
    const young = await vault.put(1);
    await vault.engine.enforce();
    expect(await vault.archive.verify()).toMatchObject({ damaged: [] });
    await vault.close();
    for (const name of await readdir(vault.folder))
      if (name.startsWith('metadata.')) await rm(join(vault.folder, name), { recursive: true });
    await vault.reopen({ gracePeriodMs: 3_600_000 });
    expect(await vault.alive()).toEqual([young]);
    expect(await vault.engine.history()).toMatchObject([{ archivesPurged: 1, reason: 'retention_days' }]);
    expect(await vault.engine.getPolicy('csv')).toMatchObject({ retentionDays: 90 });
    expect(await vault.engine.undelete([old])).toEqual([old]);
    expect(await vault.alive()).toEqual([old, young]);
    expect(await vault.archive.verify()).toMatchObject({ damaged: [] });
  });

  it('takes nothing that is under a legal hold, by serial number or id', async () => {
    const vault = await Vault.open({ policies: [{ converterName: 'csv', retentionDays: 90 }] });
    const [first, second] = [
      await vault.put(100, { serialNumber: 'SN-1' }),
      await vault.put(99, { serialNumber: 'SN-1' }),
    ];
    await vault.put(98, { serialNumber: 'SN-2' });
    expect(await vault.engine.hold({ serialNumber: 'SN-1' }, 'case 4711')).toBe(2);
    expect(await vault.engine.hold([first], 'case 4711')).toBe(0);
    expect((await vault.engine.preview()).skipped.map(one => one.reason)).toEqual(['held', 'held']);
    await vault.engine.enforce();
    expect(await vault.engine.purge([first])).toMatchObject({ archivesPurged: 0 });
    expect(await vault.alive()).toEqual([first, second]);
    expect(await vault.engine.releaseHold([second], 'closed')).toBe(1);
    await vault.engine.enforce();
    expect(await vault.alive()).toEqual([first]);
    await expect(vault.engine.hold({}, 'everything')).rejects.toThrow(/says nothing/);
    await expect(vault.engine.hold(['20260101T000000.000Z_000000000000'], 'x')).rejects.toMatchObject({
      code: 'ARCHIVE_UNKNOWN',
    });
    expect(await vault.archive.verifyAuditLog()).toMatchObject({ ok: true });
  });

  it('takes nothing that is in use', async () => {
    const { internalsOf } = await import('../../../src/archive/internals.js');
    const vault = await Vault.open({ policies: [{ converterName: 'csv', retentionDays: 90 }] });
    const id = await vault.put(100);
    const release = await (await internalsOf(vault.archive)).keeping.lease(id);
    expect((await vault.engine.enforce()).skipped).toEqual([{ archiveId: id, reason: 'in_use' }]);
    release();
    expect(await vault.engine.enforce()).toMatchObject({ archivesPurged: 1 });
  });

  it('pauses age rules while the clock is in doubt, and says so', async () => {
    const vault = await Vault.open({ gracePeriodMs: 1_000, policies: [{ converterName: 'csv', retentionDays: 90 }] });
    const id = await vault.put(10);
    await vault.engine.enforce();
    vault.clock.jump(NOW + 365 * DAY_MS);
    const result = await vault.engine.enforce();
    expect(result).toMatchObject({ archivesPurged: 0, agePaused: expect.stringMatching(/jumped forward/) });
    expect((await vault.engine.preview()).agePaused).toMatch(/jumped forward/);
    expect(vault.told).toContainEqual(['agePaused', { message: result.agePaused }]);
    // Nor does it end a grace period.
    await vault.engine.purge([id]);
    await vault.engine.enforce();
    expect(await vault.blobs()).toHaveLength(1);
    // A restart does not make the clock right.
    await vault.reopen({ gracePeriodMs: 1_000 });
    expect((await vault.engine.enforce()).agePaused).toMatch(/jumped forward/);
    vault.clock.jump(NOW);
    expect((await vault.engine.enforce()).agePaused).toMatch(/back/);
    await vault.engine.trustClock();
    expect((await vault.engine.enforce()).agePaused).toBeUndefined();
  });

  it('pauses age rules while entries lie in the future', async () => {
    const vault = await Vault.open({ policies: [{ converterName: 'csv', retentionDays: 90 }] });
    await vault.put(100);
    await vault.put(-30);
    expect(await vault.engine.enforce()).toMatchObject({
      archivesPurged: 0,
      agePaused: expect.stringMatching(/future/),
    });
    await vault.engine.trustClock();
    expect(await vault.engine.enforce()).toMatchObject({ archivesPurged: 1 });
  });

  it('purges what somebody names, under the same rule', async () => {
    const vault = await Vault.open();
    const [done, waiting] = [await vault.put(1), await vault.put(2, { deliveredAt: undefined })];
    const result = await vault.engine.purge([done, waiting], { why: 'a request of the customer' });
    expect(result).toMatchObject({ archivesPurged: 1, skipped: [{ archiveId: waiting, reason: 'undelivered' }] });
    expect(await vault.engine.history()).toMatchObject([{ reason: 'manual', archivesPurged: 1 }]);
    await expect(vault.engine.purge(['20260101T000000.000Z_000000000000'])).rejects.toMatchObject({
      code: 'ARCHIVE_UNKNOWN',
    });
  });

  it('keeps policies, and audits their changes', async () => {
    const vault = await Vault.open({ policies: [{ converterName: 'csv', retentionDays: 30 }] });
    expect(await vault.engine.getPolicy('csv')).toMatchObject({ retentionDays: 30, maxSizeGb: 10 });
    expect(await vault.engine.getPolicy('xml')).toMatchObject({ converterName: 'xml', retentionDays: 90 });
    await vault.engine.setPolicy({
      converterName: '*',
      retentionDays: Number.POSITIVE_INFINITY,
      minFreeBytes: 5,
      keepLast: 2,
    });
    await vault.reopen();
    expect(await vault.engine.getPolicy('xml')).toMatchObject({
      retentionDays: Infinity,
      minFreeBytes: 5,
      keepLast: 2,
    });
    expect((await vault.engine.listPolicies()).map(policy => policy.converterName)).toEqual(['*', 'csv']);
    expect(await vault.engine.removePolicy('csv')).toBe(true);
    expect(await vault.engine.removePolicy('csv')).toBe(false);
    expect((await vault.engine.getPolicy('csv')).keepLast).toBe(2);
    await expect(vault.engine.setPolicy({ converterName: 'csv' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(vault.engine.setPolicy({ converterName: 'csv', minFreeBytes: 2 ** 60 })).rejects.toThrow(/whole disk/);
  });

  it('leaves in every fortnight of a year exactly what the rules say', async () => {
    const vault = await Vault.open({ policies: [{ converterName: 'csv', retentionDays: 90, keepLast: 3 }] });
    const put: { id: string; at: number; status: string; waits: boolean; pinned: boolean }[] = [];
    for (let step = 0; step < 26; step++) {
      const at = vault.clock.now();
      const days = (NOW - at) / DAY_MS;
      const status = step % 5 === 1 ? 'failed' : 'success';
      const waits = step % 7 === 3;
      const facts = { status, deliveredAt: waits || status === 'failed' ? undefined : new Date(at) } as const;
      // In the last months of the year nothing is tested.
      if (step < 20) put.push({ id: await vault.put(days, facts), at, status, waits, pinned: step % 6 === 2 });
      if (put.at(-1)?.pinned && step < 20) await vault.archive.pin(put.at(-1)?.id ?? '');
      await vault.engine.enforce();
      const now = vault.clock.now();
      const kept = put.filter(
        (one, index) =>
          now - one.at <= 90 * DAY_MS ||
          (one.waits && one.status !== 'failed') ||
          one.pinned ||
          index >= put.length - 3,
      );
      expect(await vault.alive()).toEqual(kept.map(one => one.id));
      await vault.clock.advance(14 * DAY_MS);
    }
    expect(put.length).toBe(20);
  });

  it('runs by itself, and ends when it is stopped', async () => {
    const vault = await Vault.open({ policies: [{ converterName: 'csv', retentionDays: 90 }] });
    await vault.put(100);
    await vault.put(89.5);
    const purges = () => vault.told.filter(([event]) => event === 'purged').length;
    vault.engine.start({ intervalMs: DAY_MS });
    vault.engine.start();
    while (purges() < 1) await new Promise(setImmediate);
    expect(await vault.alive()).toHaveLength(1);
    while (purges() < 2) await vault.clock.advance(DAY_MS);
    await vault.engine.stop();
    await vault.engine.stop();
    const later = await vault.put(100);
    await vault.clock.advance(2 * DAY_MS);
    expect(await vault.alive()).toEqual([later]);
  });

  it('ends at the next step when its signal aborts', async () => {
    const vault = await Vault.open({ chunkSize: 1, policies: [{ converterName: 'csv', retentionDays: 90 }] });
    for (const days of [100, 99, 98]) await vault.put(days);
    const abort = new AbortController();
    vault.engine.on('purged', () => abort.abort());
    expect(await vault.engine.enforce(undefined, { signal: abort.signal })).toMatchObject({
      archivesPurged: 1,
      complete: false,
    });
    expect(await vault.engine.enforce()).toMatchObject({ archivesPurged: 2, complete: true });
    expect(await vault.blobs()).toEqual([]);
  });

  it('forecasts from what came in', async () => {
    const vault = await Vault.open({ policies: [{ converterName: 'csv', retentionDays: 90 }] });
    for (let days = 0; days < 20; days++) await vault.put(days);
    const { converters, message } = await vault.engine.forecast({ days: 10 });
    expect(converters[0]).toMatchObject({ converterName: 'csv', entriesPerDay: 1.1, keptDays: 90 });
    expect(message).toMatch(/keeps 90 of 90 days; the archive does not fill the disk/);
  });
});

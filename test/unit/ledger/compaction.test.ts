import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeFileSystem } from '../../../src/files/file-system.js';
import type { Ledger } from '../../../src/ledger/ledger.js';
import { Compaction } from '../../../src/pool/compaction.js';
import type { PoolContext } from '../../../src/pool/pool-context.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { temporaryFolders } from '../../support/temp-folder.js';
import { claimed, completed, openLedger } from './support.js';

const tempFolder = temporaryFolders();
const DAY_MS = 86_400_000;

async function setUp(retention: { keepDays?: number; maxRows?: number }, holds = true) {
  const folder = await tempFolder();
  const root = join(folder, 'watch');
  await mkdir(root);
  const clock = new ManualClock();
  const ledger = await openLedger(join(folder, 'state'), clock);
  const context = { ledger, clock, fs: nodeFileSystem } as unknown as PoolContext;
  const limits = { keepDays: 365, maxRows: 1_000_000, ...retention };
  const compaction = new Compaction(context, limits, async () => holds);
  return { root, clock, ledger, compaction };
}

async function paths(ledger: Ledger): Promise<string[]> {
  return (await ledger.page({ afterId: 0, limit: 10_000 })).map(row => row.path);
}

describe('compaction', () => {
  it('forgets finished files by age, and no younger ones', async () => {
    const { clock, ledger, compaction } = await setUp({ keepDays: 30 });
    await completed(ledger, 'old.csv', 1);
    clock.jump(clock.now() + 31 * DAY_MS);
    await completed(ledger, 'young.csv', 2);
    expect(await compaction.compact()).toBe(1);
    expect(await paths(ledger)).toEqual(['young.csv']);
  });

  it('forgets the oldest where there are too many', async () => {
    const { ledger, compaction } = await setUp({ maxRows: 3 });
    for (let index = 0; index < 8; index++) await completed(ledger, `${index}.csv`, index);
    expect(await compaction.compact()).toBe(5);
    expect(await paths(ledger)).toEqual(['5.csv', '6.csv', '7.csv']);
    expect(await compaction.compact()).toBe(0);
  });

  it('forgets no kept file while its folder is away: it may still be in it', async () => {
    const { ledger, compaction } = await setUp({ maxRows: 0 }, false);
    await completed(ledger, 'kept.csv', 1, { kept: true });
    expect(await compaction.compact()).toBe(0);
    expect(await paths(ledger)).toEqual(['kept.csv']);
  });

  it('keeps the totals, through any number of rounds and a restart', async () => {
    const { ledger, compaction } = await setUp({ maxRows: 0 });
    // At once, so that they share their fsyncs.
    const numbers = Array.from({ length: 1203 }, (_, index) => index);
    await Promise.all(numbers.map(number => completed(ledger, `${number}.csv`, number, { reports: 2 })));
    await ledger.skipped(await claimed(ledger, 'skipped.csv', 5), { reason: 'duplicate', cleanup: null });
    const before = await ledger.counts();
    expect(before.get('completed')).toEqual({ files: 1203, reports: 2406 });
    await compaction.compact();
    expect((await paths(ledger)).length).toBe(0);
    expect(await ledger.counts()).toEqual(before);
    await completed(ledger, 'new.csv', 1);
    await compaction.compact();
    expect((await ledger.counts()).get('completed')).toEqual({ files: 1204, reports: 2407 });
  });

  it('never forgets what is not finished, however old', async () => {
    const { clock, ledger, compaction } = await setUp({ keepDays: 1, maxRows: 0 });
    await claimed(ledger, 'processing.csv', 1);
    await ledger.failed(await claimed(ledger, 'failed.csv', 2), { reason: 'no', code: 'X', cleanup: null });
    await ledger.suspended(await claimed(ledger, 'suspended.csv', 3), 'later', 0);
    const { id } = await claimed(ledger, 'delivering.csv', 4);
    await ledger.delivering({ ...(await ledger.get(id)), id } as never, [null], [{ id: 'r', position: 0 }], 'move');
    await ledger.delivered(await claimed(ledger, 'cleaning.csv', 5), ['x'], 'move');
    await ledger.skipped(await claimed(ledger, 'uncleaned.csv', 6), { reason: 'x', cleanup: 'move' });
    clock.jump(clock.now() + 1000 * DAY_MS);
    expect(await compaction.compact()).toBe(0);
    expect((await paths(ledger)).length).toBe(6);
  });

  it('never forgets a file that is kept in place while it is still there', async () => {
    const { root, ledger, compaction } = await setUp({ maxRows: 0 });
    await writeFile(join(root, 'kept.csv'), 'x');
    await completed(ledger, 'kept.csv', 1, { kept: true, root });
    await completed(ledger, 'removed.csv', 2, { kept: true, root });
    expect(await compaction.compact()).toBe(1);
    expect(await paths(ledger)).toEqual(['kept.csv']);
    await rm(join(root, 'kept.csv'));
    expect(await compaction.compact()).toBe(1);
    expect(await paths(ledger)).toEqual([]);
  });

  it('forgets the older generations of a file that is kept and rewritten every cycle', async () => {
    const { root, ledger, compaction } = await setUp({ maxRows: 0 });
    await writeFile(join(root, 'result.csv'), 'x');
    for (let cycle = 0; cycle < 20; cycle++) await completed(ledger, 'result.csv', cycle, { kept: true, root });
    expect(await compaction.compact()).toBe(19);
    expect((await ledger.history(root, 'result.csv')).length).toBe(1);
  });
});

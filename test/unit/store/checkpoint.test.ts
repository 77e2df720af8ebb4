import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type FileSystem, nodeFileSystem } from '../../../src/files/file-system.js';
import { silentLogger } from '../../../src/observe/logger.js';
import { Checkpoint, type CheckpointSubject } from '../../../src/store/checkpoint.js';
import { storeFiles } from '../../../src/store/store-files.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { openStore, tempFolder } from './support.js';

const MB = 1024 * 1024;

/** From how many bytes of journal on a checkpoint is due, to the MiB, by the defaults. */
function dueFrom(snapshotBytes: number): number {
  const subject = {
    fs: nodeFileSystem,
    files: storeFiles('/nowhere', 'test'),
    clock: new ManualClock(),
    logger: silentLogger,
  } as Partial<CheckpointSubject> as CheckpointSubject;
  const checkpoint = new Checkpoint(subject, {}, { oldIsThere: false, snapshotBytes, snapshotSequence: 0 });
  let bytes = 0;
  while (!checkpoint.isDue(bytes)) bytes += MB;
  return bytes;
}

describe('a checkpoint', () => {
  it('is due before a crash would leave more to replay than an eighth of the snapshot', () => {
    expect(dueFrom(0)).toBe(4 * MB);
    expect(dueFrom(32 * MB)).toBe(4 * MB);
    // A million rows.
    expect(dueFrom(240 * MB)).toBe(30 * MB);
  });

  it('comes as soon as it is due, and costs each write the same however much there is', async () => {
    const folder = await tempFolder();
    const sizeOf = async (name: string): Promise<number> =>
      (await stat(join(folder, name)).catch(() => ({ size: 0 }))).size;
    const rotations: { journal: number; snapshot: number }[] = [];
    const fs: FileSystem = {
      ...nodeFileSystem,
      link: async (from, to) => {
        rotations.push({ journal: await sizeOf('test.journal'), snapshot: await sizeOf('test.db') });
        await nodeFileSystem.link(from, to);
      },
    };
    const [minJournalBytes, share] = [20_000, 0.125];
    const { store } = await openStore(folder, { fs, checkpoint: { minJournalBytes, share } });
    const headerBytes = await sizeOf('test.journal');
    let done = 0;
    let snapshotBytes = 0;
    let told: () => void = () => undefined;
    store.on('checkpointed', ({ bytes }) => {
      done += 1;
      snapshotBytes += bytes;
      told();
    });
    const value = 'x'.repeat(200);
    const batch = 50;
    for (let id = 0; id < 10_000; id += batch) {
      await Promise.all(Array.from({ length: batch }, (_, index) => store.write('add', [id + index, value])));
      // What is measured is when one begins, so nothing is written while it runs.
      while (done < rotations.length) {
        await new Promise<void>(resolve => {
          told = resolve;
        });
      }
    }
    const batchBytes = batch * (value.length + 60);
    expect(rotations.length).toBeGreaterThan(10);
    for (const { journal, snapshot } of rotations) {
      expect(journal - headerBytes).toBeLessThan(Math.max(minJournalBytes, share * snapshot) + 2 * batchBytes);
    }
    expect(snapshotBytes / (10_000 * value.length)).toBeLessThan(2 / share);
  });
});

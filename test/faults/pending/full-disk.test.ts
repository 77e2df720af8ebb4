import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { MillraceError } from '../../../src/errors.js';
import { files, makeQueue, next, record, temporaryFolder } from '../../unit/pending/support.js';

const mounted: string[] = [];
afterAll(() => {
  for (const folder of mounted) execFileSync('umount', [folder]);
});

/** A volume of 2 MB, or `undefined` where mounting is not allowed. */
async function smallVolume(): Promise<string | undefined> {
  const folder = join(await temporaryFolder(), 'volume');
  await mkdir(folder);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  mounted.push(folder);
  return folder;
}

describe('a full disk', () => {
  it('turns reports away, loses none that it took, finishes its bookkeeping, and goes on when there is space', async ({
    skip,
  }) => {
    const volume = await smallVolume();
    if (!volume) return skip('mounting is not allowed here');
    const directory = join(volume, 'pending');
    const delivered: number[] = [];
    let up = false;
    const queue = makeQueue(directory, {
      reserveBytes: 64 * 1024,
      keepCompleted: true,
      concurrency: 1,
      breaker: { failureThreshold: 1, resetTimeoutMs: 20 },
      submitter: async report => {
        if (!up) throw new TypeError('down');
        delivered.push((report as { n: number }).n);
        return { id: 'S' };
      },
    });
    queue.settle({ delivered: async () => undefined, refused: async () => undefined });
    const events = record(queue, 'diskLow', 'diskRecovered', 'pressure', 'vanished', 'corrupted');
    await queue.start();
    while (!(await readdir(directory)).includes('reserve')) await new Promise(setImmediate);
    const taken: number[] = [];
    for (let n = 0; ; n++) {
      const error = await queue.enqueue({ n, text: 'x'.repeat(20_000) }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error) {
        expect(error).toBeInstanceOf(MillraceError);
        expect(error).toMatchObject({ code: 'DISK_FULL' });
        break;
      }
      taken.push(n);
    }
    expect(taken.length).toBeGreaterThan(50);
    expect((await readdir(directory)).filter(name => name.endsWith('.millrace-tmp'))).toEqual([]);
    // Every byte that is left, so that the server's answers have no room but the reserve.
    await writeFile(join(volume, 'rest'), Buffer.alloc(2 * 1024 * 1024)).catch(() => undefined);
    expect(queue.pressure).toBe(true);
    up = true;
    await queue.drain();
    expect([...delivered].sort((a, b) => a - b)).toEqual(taken);
    expect(new Set(delivered).size).toBe(delivered.length);
    expect((await files(directory)).every(name => name.endsWith('.completed'))).toBe(true);
    const recovered = next(queue, 'diskRecovered');
    for (const name of await files(directory)) await rm(join(directory, name));
    await rm(join(volume, 'rest'), { force: true });
    await recovered;
    await queue.enqueue({ n: -1 });
    await queue.drain();
    expect(events.map(({ event }) => event)).toEqual(['diskLow', 'pressure', 'diskRecovered', 'pressure']);
  });
});

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Audit, AuditDifference } from 'millrace';
import { describe, expect, it } from 'vitest';
import { Station } from './harness.js';

/** A station that was killed while reports waited for the server, after a run that ended well and left a snapshot. */
async function killedStation(): Promise<Station> {
  const station = await Station.make(['move', 'keep']);
  await station.drop({ action: 'move', name: 'old.csv', kind: 'good', word: 'old' });
  await station.drop({ action: 'keep', name: 'kept.csv', kind: 'two', word: 'kept' });
  expect(await station.goOn()).toEqual([]);
  await station.server.down();
  const child = await station.spawn();
  await child.line('started');
  for (const word of ['one', 'two', 'three', 'four']) {
    await station.drop({ action: word === 'one' ? 'keep' : 'move', name: `${word}.csv`, kind: 'two', word });
  }
  await child.line('converting');
  await child.kill();
  return station;
}

/** Differences but for done files whose rows were lost with the damage: these are named, and nothing is to be done. */
function unfinished({ differences }: Audit): AuditDifference[] {
  return differences.filter(({ kind }) => kind !== 'unknown-target');
}

type Damage = (bytes: Buffer) => Buffer;

function flipBitAt(share: number): Damage {
  return bytes => {
    const at = Math.floor(bytes.length * share);
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    return bytes;
  };
}

const cutOff: Damage = bytes => bytes.subarray(0, bytes.length - 7);

describe('a ledger that is damaged between two runs', () => {
  it.each<[what: string, file: string, damage: Damage, isTold: boolean]>([
    ['a journal whose end is torn', 'ledger.journal', cutOff, false],
    ['a journal with a flipped bit in the middle', 'ledger.journal', flipBitAt(0.5), true],
    ['a journal with a flipped bit near its start', 'ledger.journal', flipBitAt(0.02), true],
    ['a snapshot with a flipped bit at its start', 'ledger.db', flipBitAt(0), true],
    ['a snapshot that is cut in half', 'ledger.db', bytes => bytes.subarray(0, bytes.length / 2), true],
    ['an empty snapshot', 'ledger.db', () => Buffer.alloc(0), true],
  ])(
    '%s: the pool starts, says so, loses nothing and delivers nothing under two keys',
    async (_, file, damage, isTold) => {
      await using station = await killedStation();
      const path = join(station.root, 'state', file);
      await writeFile(path, damage(await readFile(path)));
      await station.server.up();
      await using pool = station.pool();
      const told: (string | undefined)[] = [];
      pool.on('error', ({ error }) => void told.push((error as { code?: string }).code));
      await pool.start();
      await pool.idle();
      expect(told).toEqual(isTold ? expect.arrayContaining(['STORE_DAMAGED']) : []);
      expect(station.deliveries()).toEqual([]);
      // What is not in the books any more is named, or was put back into them: nothing of it waits.
      expect(unfinished(await pool.audit())).toEqual([]);
    },
  );

  it('with both its files damaged: the same', async () => {
    await using station = await killedStation();
    for (const [file, damage] of [
      ['ledger.db', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
      ['ledger.journal', flipBitAt(0.3)],
    ] as const) {
      const path = join(station.root, 'state', file);
      await writeFile(path, damage(await readFile(path)));
    }
    await station.server.up();
    await using pool = station.pool();
    const told: string[] = [];
    pool.on('error', ({ error }) => void told.push(error.message));
    await pool.start();
    await pool.idle();
    for (const what of ['snapshot', 'journal']) expect(told.join('\n')).toContain(`the ${what} is damaged`);
    expect(station.deliveries()).toEqual([]);
    expect(unfinished(await pool.audit())).toEqual([]);
  });
});

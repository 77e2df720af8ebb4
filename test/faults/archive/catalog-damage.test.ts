import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { amount } from '../../support/effort.js';
import { answers, fill } from '../../unit/archive/filled.js';
import { archives } from '../../unit/archive/support.js';

const { tempFolder, archiveIn } = archives();

/** The folder of an archive whose process was killed: half of what it knows is in the snapshot, half in the journal. */
async function killed() {
  const directory = join(await tempFolder(), 'archive');
  const archive = archiveIn(directory);
  const [first = '', second = '', , , fifth = ''] = await fill(archive);
  await archive.pin(first, 'evidence');
  await archive.close();
  const again = archiveIn(directory);
  await fill(again);
  await again.pin(second);
  await again.updateConversion(fifth, { partNumber: 'P 5', deliveredAt: new Date(0) });
  const before = await answers(again);
  // The last write: what is torn off is this one.
  await again.pin(fifth);
  const after = await answers(again);
  const copy = join(await tempFolder(), 'archive');
  await cp(directory, copy, { recursive: true, filter: path => !path.endsWith('lock') });
  return { directory: copy, before, after };
}

type Damage = (bytes: Buffer) => Buffer;

function flipBitAt(share: number): Damage {
  return bytes => {
    const at = Math.min(bytes.length - 1, Math.floor(bytes.length * share));
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    return bytes;
  };
}

const half: Damage = bytes => bytes.subarray(0, bytes.length / 2);
const nothing: Damage = () => Buffer.alloc(0);
const garbage: Damage = bytes => Buffer.alloc(bytes.length, 'garbage');
/** Flipped all over the file; every so many. */
const SHARES = amount({ quick: 1, usual: 1, soak: 200 });
const everywhere = Array.from({ length: SHARES }, (_, index) => (index + 0.5) / SHARES);

describe('a catalog that is damaged between two runs', () => {
  it('answers as before, and says so, wherever its journal or its snapshot is hurt', {
    timeout: 3_600_000,
  }, async () => {
    const { directory, after } = await killed();
    const damages: [file: string, what: string, damage: Damage][] = [
      ...everywhere.flatMap(share =>
        ['journal', 'db'].map((kind): [string, string, Damage] => [kind, `a bit at ${share}`, flipBitAt(share)]),
      ),
      ['db', 'cut in half', half],
      ['journal', 'garbage', garbage],
      ['db', 'the first bit', flipBitAt(0)],
      ['db', 'empty', nothing],
      ['db', 'garbage', garbage],
    ];
    for (const [kind, what, damage] of damages.slice(0, amount({ quick: 3, usual: 3, soak: damages.length }))) {
      const copy = join(await tempFolder(), 'archive');
      await cp(directory, copy, { recursive: true });
      const path = join(copy, `metadata.${kind}`);
      await writeFile(path, damage(await readFile(path)));
      const archive = archiveIn(copy);
      const told: string[] = [];
      archive.on('damaged', ({ movedTo }) => told.push(movedTo));
      expect(await answers(archive), `${kind}: ${what}`).toEqual(after);
      expect(told, `${kind}: ${what}`).toHaveLength(1);
      expect(await archive.verify()).toMatchObject({ checked: after.entries.length, damaged: [] });
      expect(await archive.verifyAuditLog()).toMatchObject({ ok: true });
      await archive.close();
      // It is mended for good.
      const again = archiveIn(copy);
      again.on('damaged', ({ movedTo }) => told.push(movedTo));
      expect(await answers(again)).toEqual(after);
      expect(told).toHaveLength(1);
      await again.close();
    }
  });

  it('loses the torn end of its journal and nothing else, and the audit log tells', async () => {
    const { directory, before } = await killed();
    const path = join(directory, 'metadata.journal');
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length - 7));
    const archive = archiveIn(directory);
    const told: unknown[] = [];
    archive.on('damaged', payload => told.push(payload));
    expect(await answers(archive)).toEqual(before);
    expect(told).toEqual([]);
    expect(await archive.verifyAuditLog()).toMatchObject({ ok: false, broken: { sequence: 3, problem: 'missing' } });
  });
});

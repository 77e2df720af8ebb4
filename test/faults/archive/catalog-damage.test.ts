import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
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

/** A piece of a block that is not what it was. */
function pieceAt(share: number): Damage {
  return bytes => bytes.fill('?', Math.floor(bytes.length * share), Math.floor(bytes.length * share) + 48);
}

const half: Damage = bytes => bytes.subarray(0, bytes.length / 2);
const nothing: Damage = () => Buffer.alloc(0);
const garbage: Damage = bytes => Buffer.alloc(bytes.length, 'garbage');
/** Damaged all over the file; at so many places. */
const SHARES = amount({ quick: 1, usual: 1, soak: 200 });
const everywhere = Array.from({ length: SHARES }, (_, index) => (index + 0.5) / SHARES);

/** Opens it twice, asks everything, and tells what is otherwise than `after`. */
async function problemsOf(directory: string, after: Awaited<ReturnType<typeof answers>>): Promise<unknown[]> {
  const { log, ...rest } = after;
  const problems: unknown[] = [];
  const check = (what: string, is: unknown, shouldBe: unknown): void => {
    if (!isDeepStrictEqual(is, shouldBe)) problems.push({ what, is, shouldBe });
  };
  const told: string[] = [];
  // It is mended for good: the second time there is nothing to tell.
  for (const time of ['at first', 'again']) {
    const archive = archiveIn(directory);
    archive.on('damaged', ({ movedTo }) => told.push(movedTo));
    const { log: logNow, ...now } = await answers(archive);
    for (const key of Object.keys(rest) as (keyof typeof rest)[]) check(`${key} ${time}`, now[key], rest[key]);
    check(`told ${time}`, told.length, 1);
    const { checked, damaged } = await archive.verify();
    check(`verify ${time}`, { checked, damaged }, { checked: rest.entries.length, damaged: [] });
    // What was flipped in a record of the audit log cannot be told from what somebody has changed: it is named.
    const { ok } = await archive.verifyAuditLog();
    check(`audit ${time}`, ok, isDeepStrictEqual(logNow, log));
    await archive.close();
  }
  return problems;
}

describe('a catalog that is damaged between two runs', () => {
  it('answers as before, and says so, wherever its journal or its snapshot is hurt', {
    timeout: 3_600_000,
  }, async () => {
    const { directory, after } = await killed();
    const damages: [file: string, what: string, damage: Damage][] = [
      ...everywhere.flatMap((share): [string, string, Damage][] => [
        ['journal', `a bit at ${share}`, flipBitAt(share)],
        ['db', `a piece at ${share}`, pieceAt(share)],
        ['db', `a bit at ${share}`, flipBitAt(share)],
      ]),
      ['db', 'cut in half', half],
      ['journal', 'garbage', garbage],
      ['db', 'the first bit', flipBitAt(0)],
      ['db', 'empty', nothing],
      ['db', 'garbage', garbage],
    ];
    const tried = damages.slice(0, amount({ quick: 3, usual: 3, soak: damages.length }));
    const problems: unknown[] = [];
    for (const [kind, what, damage] of tried) {
      const copy = join(await tempFolder(), 'archive');
      await cp(directory, copy, { recursive: true });
      const path = join(copy, `metadata.${kind}`);
      await writeFile(path, damage(await readFile(path)));
      const found = await problemsOf(copy, after);
      if (found.length > 0) problems.push({ kind, what, found });
    }
    expect(problems).toEqual([]);
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

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { ArchiveStorage } from '../../../src/archive/archive-storage.js';
import type { ReplayResult } from '../../../src/archive/reprocessing/types.js';
import { RetentionEngine } from '../../../src/archive/retention/retention-engine.js';
import { bundle } from '../../support/bundle.js';
import { amount } from '../../support/effort.js';
import { temporaryFolders } from '../../support/temp-folder.js';

const temporaryFolder = temporaryFolders();
const ENTRIES = amount({ quick: 200, usual: 300, soak: 10_000 });

it(`a replay of ${ENTRIES} entries that is killed twice goes on, and ends as one that was not`, {
  timeout: 900_000,
}, async () => {
  const program = await bundle(new URL('./replay-child.ts', import.meta.url));
  const directory = await temporaryFolder();
  const outputs = await temporaryFolder();
  const archive = new ArchiveStorage({ directory });
  const put = async (index: number): Promise<string> => {
    const word = index % 41 === 0 ? 'bad' : index % 37 === 0 ? 'empty' : 'good';
    const stream = Readable.from([Buffer.from(`${word} ${'x '.repeat(index % 50)}${index}`)]);
    const timestamp = new Date(Date.UTC(2026, 0, 1) + index * 1_000);
    const id = await archive.archiveSource({ path: `/w/${index}.txt`, stream }, { converterName: 'words', timestamp });
    await archive.updateConversion(id, { status: 'success', deliveredAt: timestamp });
    return id;
  };
  const ids: string[] = [];
  for (let from = 0; from < ENTRIES; from += 100)
    ids.push(...(await Promise.all(Array.from({ length: 100 }, (_, index) => put(from + index)))));
  const purged = ids.filter((_, index) => index % 53 === 5);
  await new RetentionEngine({ archive, gracePeriodMs: 0 }).purge(purged);
  await archive.close();

  const replay = (name: string, killAfter?: number) => run([program, directory, name, join(outputs, name)], killAfter);
  const undisturbed = await replay('undisturbed');
  expect(undisturbed).toMatchObject({ total: ENTRIES, processed: ENTRIES, complete: true });
  expect(undisturbed?.errors.length).toBeGreaterThan(ENTRIES / 100);
  expect(undisturbed?.purged).toEqual(purged);

  expect(await replay('killed', ENTRIES * 0.3)).toBeUndefined();
  expect(await replay('killed', ENTRIES * 0.4)).toBeUndefined();
  const resumed = await replay('killed');
  const durationMs = expect.any(Number);
  expect(resumed).toEqual({ ...undisturbed, durationMs });

  const made = await results(join(outputs, 'undisturbed'));
  const again = await results(join(outputs, 'killed'));
  expect(made.size).toBe(ENTRIES);
  expect([...again].sort()).toEqual([...made].sort());
});

/** @returns What it came to; nothing when it was killed, which happens after so many entries of this process. */
async function run(args: readonly string[], killAfter = Number.POSITIVE_INFINITY): Promise<ReplayResult | undefined> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'close');
  let said = '';
  for await (const part of child.stdout.setEncoding('utf8')) {
    said += part;
    if (said.split('\n').length > killAfter && !child.killed) child.kill('SIGKILL');
  }
  await exited;
  const [, result] = /^result (.*)$/m.exec(said) ?? [];
  return result === undefined ? undefined : (JSON.parse(result) as ReplayResult);
}

/** What became of each entry; one that was done twice was done the same way. */
async function results(output: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const line of (await readFile(output, 'utf8')).split('\n')) {
    // The kill may have cut the last one short.
    if (!line.endsWith(']')) continue;
    const [id] = JSON.parse(line) as [string];
    expect(found.get(id) ?? line).toBe(line);
    found.set(id, line);
  }
  return found;
}

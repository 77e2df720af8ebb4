import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { ArchiveStorage } from '../../../src/archive/archive-storage.js';
import { internalsOf } from '../../../src/archive/internals.js';
import { RetentionEngine } from '../../../src/archive/retention/retention-engine.js';
import { bundle } from '../../support/bundle.js';
import { amount } from '../../support/effort.js';
import { temporaryFolders } from '../../support/temp-folder.js';

const temporaryFolder = temporaryFolders();
const KILLS = amount({ quick: 2, usual: 3, soak: 50 });
const LIVE = 20;
/** Entries to be purged that each round begins with, at least. */
const PURGEABLE = 80;
const DAY_MS = 86_400_000;

it(`killed ${KILLS} times during a purge, no entry that lives is lost, and no blob is left over`, {
  timeout: 600_000,
}, async () => {
  const program = await bundle(new URL('./purge-child.ts', import.meta.url));
  const directory = await temporaryFolder();
  let count = 0;
  const archived = async (archive: ArchiveStorage, days: number): Promise<string> => {
    const timestamp = new Date(Date.now() - days * DAY_MS);
    // Every third shares its content with others, old and young.
    const content = `content ${count % 3 === 0 ? count % 9 : count}`;
    const stream = Readable.from([Buffer.from(content)]);
    const id = await archive.archiveSource(
      { path: `/watch/${count++}.csv`, stream },
      { converterName: 'csv', timestamp },
    );
    await archive.updateConversion(id, { status: 'success', deliveredAt: timestamp });
    if (count % 2 === 0) await archive.archiveReport({ content }, id);
    contents.set(id, content);
    return id;
  };
  const contents = new Map<string, string>();
  const live: string[] = [];
  let killed = 0;
  for (let round = 0; round < KILLS; round++) {
    const archive = new ArchiveStorage({ directory });
    if (round === 0) for (let n = 0; n < LIVE; n++) live.push(await archived(archive, 1));
    const left = await archive.count({ to: new Date(Date.now() - 90 * DAY_MS) });
    for (let n = left; n < PURGEABLE; n++) await archived(archive, 100);
    await archive.close();
    // At any step, tombstones and removals alike: so many purged lines and so many ms after that.
    killed += Number(await purgeAndKill([program, directory], Math.floor(Math.random() * 10), Math.random() * 60));
    await verify(directory, live, contents);
  }
  expect(killed).toBeGreaterThan(0);

  const archive = new ArchiveStorage({ directory });
  const engine = new RetentionEngine({ archive, gracePeriodMs: 0 });
  await engine.enforce({ converterName: 'csv', retentionDays: 90 });
  // Every file belongs to an entry that lives, as its own or as that of one with the same content.
  const entries = (await archive.query({ limit: 1_000 })).entries;
  expect(entries.map(entry => entry.archiveId).sort()).toEqual([...live].sort());
  const wanted = entries.flatMap(entry => [
    entry.archivedPath,
    ...(entry.sharedWith === null ? [] : [entry.archivedPath.replace(/[^/]+$/, `${entry.archiveId}.ref`)]),
    ...(entry.reportArchivedPath === null ? [] : [entry.reportArchivedPath]),
  ]);
  const there = await blobs(directory);
  expect(there.filter(path => !wanted.some(one => sameName(one, path)))).toEqual([]);
  expect(await archive.verify()).toMatchObject({ damaged: [] });
  expect(await archive.verifyAuditLog()).toMatchObject({ ok: true });
  // The books say what was done, in all of the runs.
  const history = await engine.history({ limit: 1_000 });
  expect(history.reduce((sum, one) => sum + one.archivesPurged, 0)).toBe(count - LIVE);
  await archive.close();
});

/** Nothing that lives is without its content, and what is purged and still there can be told by its grave. */
async function verify(
  directory: string,
  live: readonly string[],
  contents: ReadonlyMap<string, string>,
): Promise<void> {
  const archive = new ArchiveStorage({ directory });
  const { catalog } = (await internalsOf(archive)).context;
  const alive = (await archive.query({ limit: 1_000 })).entries.map(entry => entry.archiveId);
  expect(live.filter(id => !alive.includes(id))).toEqual([]);
  for (const id of alive) {
    const chunks = await (await archive.openSource(id)).toArray();
    expect(Buffer.concat(chunks).toString()).toBe(contents.get(id));
  }
  const graves = await catalog.query<{ key: string }>('graves', [Number.MAX_SAFE_INTEGER, 10_000]);
  const known = new Set([...graves.map(grave => grave.key), ...alive.map(id => id.slice(-12))]);
  for (const { sharedWith } of (await archive.query({ limit: 1_000 })).entries)
    if (sharedWith) known.add(sharedWith.slice(-12));
  for (const grave of graves as { key: string; ownerKey?: string | null }[])
    if (grave.ownerKey) known.add(grave.ownerKey);
  expect((await blobs(directory)).filter(path => ![...known].some(key => path.includes(key)))).toEqual([]);
  await archive.close();
}

/** @returns Whether it was killed before it was done. */
async function purgeAndKill(args: readonly string[], steps: number, delayMs: number): Promise<boolean> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'close');
  let said = '';
  let timer: NodeJS.Timeout | undefined;
  for await (const part of child.stdout.setEncoding('utf8')) {
    said += part;
    if (said.split('purged\n').length - 1 >= steps && said.includes('begun'))
      timer ??= setTimeout(() => child.kill('SIGKILL'), delayMs);
  }
  await exited;
  clearTimeout(timer);
  return !said.includes('done');
}

async function blobs(directory: string): Promise<string[]> {
  const all: string[] = [];
  for (const folder of ['sources', 'reports']) {
    const entries = await readdir(join(directory, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries) if (entry.isFile()) all.push(`${folder}/${entry.name}`);
  }
  return all;
}

function sameName(path: string, found: string): boolean {
  return (
    path.slice(0, 7) === found.slice(0, 7) && path.slice(path.lastIndexOf('/')) === found.slice(found.lastIndexOf('/'))
  );
}

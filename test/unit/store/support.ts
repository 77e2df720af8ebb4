/** What the store's tests share: a small schema, a folder, and looking at what a store holds. */
import { cp, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { JournaledStore, type StoreEvents, type StoreOptions } from '../../../src/store/journaled-store.js';
import { SCHEMA } from './schema.js';

export { SCHEMA } from './schema.js';

export interface Item {
  id: number;
  value: string;
  applied: number;
}

/** A folder that is removed after the test. */
export async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-store-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The files of a folder as they are now, in another folder: what a crash at this moment would leave. */
export async function crashCopy(folder: string): Promise<string> {
  // A checkpoint that replaces files while they are copied one by one would make a state that never was.
  for (;;) {
    const copy = await tempFolder();
    const before = await namesAndInodes(folder);
    await cp(folder, copy, { recursive: true }).catch(ignoreVanished);
    if ((await namesAndInodes(folder)) === before) return copy;
  }
}

async function namesAndInodes(folder: string): Promise<string> {
  const names = (await readdir(folder)).sort();
  const inodes = names.map(async name => `${name} ${(await stat(join(folder, name)).catch(ignoreVanished))?.ino}`);
  return (await Promise.all(inodes)).join('\n');
}

function ignoreVanished(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** Opens a store and notes its events. It is closed after the test. */
export async function openStore(
  directory: string,
  options: Partial<StoreOptions> = {},
): Promise<{ store: JournaledStore; events: [keyof StoreEvents, unknown][] }> {
  const store = new JournaledStore({ directory, name: 'test', schema: SCHEMA, ...options });
  onTestFinished(() => store.close());
  const events: [keyof StoreEvents, unknown][] = [];
  for (const name of ['error', 'tornTail', 'damaged', 'workerRestarted'] as const) {
    store.on(name, (payload: unknown) => events.push([name, payload]));
  }
  await store.open();
  return { store, events };
}

/** What a store in this folder holds, after recovery. */
export async function contentOf(directory: string): Promise<{ items: Item[]; events: [string, unknown][] }> {
  const { store, events } = await openStore(directory);
  const items = await store.query<Item>('all');
  await store.close();
  return { items, events };
}

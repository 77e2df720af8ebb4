/** Temp folders that are gone when the tests that used them are over. */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** Call it at the top of a file or `describe`: it returns a function that makes folders, removed after the last test. */
export function temporaryFolders(): () => Promise<string> {
  const folders: string[] = [];
  afterAll(async () => {
    // Windows refuses for a moment after the last handle was closed.
    await Promise.all(
      folders.map(folder => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })),
    );
  });
  return async () => {
    // The real path: what the system names (macOS: a link, Windows: a short name) is not what it reports back.
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'millrace-test-')));
    folders.push(folder);
    return folder;
  };
}

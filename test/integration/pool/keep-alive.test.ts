/** A started pool keeps its process alive until it is stopped, and no longer. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { temporaryFolders } from '../../support/temp-folder.js';

const temporaryFolder = temporaryFolders();

it('waits for a watch folder that is not there yet, takes what comes, and lets the process end after stop()', async () => {
  const root = await temporaryFolder();
  const program = fileURLToPath(new URL('./keep-alive-child.mjs', import.meta.url));
  const child = spawn(process.execPath, [program, root], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', async (chunk: Buffer) => {
    said += chunk;
    if (said !== 'running\n') return;
    await mkdir(join(root, 'watch'));
    await writeFile(join(root, 'watch', 'a.txt'), 'a');
  });
  const [code] = await once(child, 'exit');
  expect(said).toBe(`running\ncompleted ${join(root, 'watch', 'a.txt')}\n`);
  expect(code).toBe(0);
});

/** The system's own limit of file watches, in a namespace that has few. Skipped where there are none. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { Station } from './support.js';

const LIMIT = '/proc/sys/user/max_inotify_watches';
const child = fileURLToPath(new URL('./watch-limit-child.mjs', import.meta.url));
const run = promisify(execFile);

/** Runs a shell line as the root of a user namespace of its own. */
const inNamespace = (line: string, ...args: string[]) => run('unshare', ['-Ur', 'sh', '-c', line, 'sh', ...args]);

it('a folder with more sub-folders than the system has watches for is polled, and every file is delivered', async ({
  skip,
}) => {
  const allowed = await inNamespace(`echo 4 > ${LIMIT}`).catch(() => undefined);
  if (!allowed) return skip('there are no user namespaces here');
  const station = await Station.open();
  const module = fileURLToPath(import.meta.resolve('millrace'));
  const line = `echo 4 > ${LIMIT} && exec "$@"`;
  const { stdout } = await inNamespace(line, process.execPath, child, module, station.root);
  expect(JSON.parse(stdout)).toEqual({
    said: [expect.stringContaining('the disk is not full')],
    delivered: 12,
    folders: [{ root: station.path('watch'), mode: 'polling', reason: expect.stringContaining('no more watches') }],
  });
});

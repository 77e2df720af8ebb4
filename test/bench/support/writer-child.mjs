/**
 * A tester in a process of its own: drops whole files at a steady pace, write then rename. Prints `name time` for each, the time as
 * epoch ms with a fraction. Arguments: watch folder, count, files a second.
 */
import { rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { content } from './content.mjs';

const [folder, count, perSecond] = process.argv.slice(2);
const staging = join(dirname(folder), 'staging');
const startedAt = performance.now();
for (let n = 0; n < Number(count); n += 1) {
  const dueInMs = startedAt + (n * 1_000) / Number(perSecond) - performance.now();
  if (dueInMs > 1) await pause(dueInMs);
  const name = `live-${String(n).padStart(8, '0')}.csv`;
  await writeFile(join(staging, name), content(n));
  await rename(join(staging, name), join(folder, name));
  process.stdout.write(`${name} ${performance.timeOrigin + performance.now()}\n`);
}

/**
 * Runs each example in docs/examples (`NAME/main.mjs`, or `NAME/NAME.mjs`) as a user would, against the build. An
 * example fails when it does not end by itself, with 0, in time.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TIME_LIMIT_MS = 60_000;
const folder = fileURLToPath(new URL('../docs/examples/', import.meta.url));

const entries = existsSync(folder) ? await readdir(folder, { withFileTypes: true }) : [];
const names = entries.filter(entry => entry.isDirectory()).map(entry => entry.name);

let failed = 0;
for (const name of names.sort()) {
  process.stdout.write(`\n--- ${name}\n`);
  const problem = await run(name);
  if (problem === undefined) continue;
  failed += 1;
  process.stdout.write(`${name} ${problem}\n`);
}
process.stdout.write(`\nexamples: ${names.length - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

/** Runs one example; what went wrong, or nothing. */
async function run(name) {
  const main = [`${name}/main.mjs`, `${name}/${name}.mjs`].find(path => existsSync(join(folder, path)));
  if (main === undefined) return 'has no main.mjs';
  const child = spawn(process.execPath, [main], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, TIME_LIMIT_MS);
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  if (late) return `did not end within ${TIME_LIMIT_MS / 1000} s`;
  return code === 0 ? undefined : `ended with ${code ?? signal}`;
}

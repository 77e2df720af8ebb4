/**
 * Runs every test whose effort is a number (by `support/effort.ts`, or by MILLRACE_SOAK itself) with all there is: each
 * kill point, each fault, and as many random kills as are asked for. Takes hours. Further arguments choose test files, as
 * vitest takes them.
 *
 *     node test/soak.mjs                          # 200 random kills
 *     node test/soak.mjs 2000 test/faults         # 2,000, and only the tests in test/faults
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [rounds = '200', ...chosen] = process.argv.slice(2);
if (!/^[1-9]\d*$/.test(rounds)) throw new Error(`Not a number of kills: ${rounds}`);
const root = fileURLToPath(new URL('../', import.meta.url));
const files = readdirSync(`${root}test`, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.test.ts'))
  .filter(name => /support\/effort\.js|MILLRACE_SOAK/.test(readFileSync(`${root}test/${name}`, 'utf8')))
  .map(name => `test/${name.replaceAll('\\', '/')}`);
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', ...(chosen.length > 0 ? chosen : files)],
  { cwd: root, env: { ...process.env, MILLRACE_SOAK: rounds }, stdio: 'inherit' },
);
process.exitCode = status ?? 1;

/**
 * Runs the crash tests for as long as one likes: every kill point, every fault, and as many random kills as are asked for.
 *
 *     node test/faults/custody/soak.mjs          # 200 random kills
 *     node test/faults/custody/soak.mjs 2000
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const [rounds = '200'] = process.argv.slice(2);
if (!/^[1-9]\d*$/.test(rounds)) throw new Error(`Not a number of kills: ${rounds}`);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', 'test/faults/custody'], {
  cwd: root,
  env: { ...process.env, MILLRACE_SOAK: rounds },
  stdio: 'inherit',
});
process.exitCode = status ?? 1;

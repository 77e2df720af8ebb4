/** Runs other programs in tests: Node itself, the tools of this repo, npm. */
import { exec, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The folder of this repo. */
export const repoRoot = fileURLToPath(new URL('../../', import.meta.url));

/** What a program that ended well has written. */
export interface Output {
  stdout: string;
  stderr: string;
}

/** Runs a script with the Node that runs the tests. Rejects, with all that it wrote, when it does not end with 0. */
export async function runNode(args: readonly string[], cwd: string): Promise<Output> {
  const child = spawn(process.execPath, args, { cwd, env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  if (code === 0) return { stdout, stderr };
  throw new Error(`node ${args.join(' ')} ended with ${code ?? signal} in ${cwd}\n${stdout}\n${stderr}`);
}

/** Runs `npm <command>`. The shell is needed for that on Windows: give relative paths, which it cannot misread. */
export async function runNpm(command: string, cwd: string): Promise<Output> {
  return promisify(exec)(`npm ${command}`, { cwd, env: cleanEnvironment(), maxBuffer: 64 * 1024 * 1024 });
}

/** Our own environment without what vitest and npm put there for us: a user's program does not have it. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const ours = /^(vitest|node_env$|node_options$|npm_(package|lifecycle|command|config_local_prefix)|init_cwd$)/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}

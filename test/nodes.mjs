/**
 * Runs the test suite on each Node that we support, and on the last one but once more with the newest dependencies:
 *
 *     node test/nodes.mjs            # 20 22 24 26 newest
 *     node test/nodes.mjs 24         # only that
 *     node test/nodes.mjs --quick 24 # what a Node could do otherwise, with smaller numbers, as CI does after the full suite
 *
 * Other versions of Node are installed into .cache and kept there. `newest` runs in a copy of the repo in which each dependency whose
 * range has several majors is at the last one, as newer hosts get it; its types are checked as well.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const VERSIONS = ['20', '22', '24', '26'];
const NEWEST_RUNS_ON = '24';
const NOT_COPIED = new Set(['node_modules', '.git', '.cache', 'coverage']);
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(root, '.cache');
/** Files, streams, threads, processes and the package: all but the scenarios of whole pools. */
const QUICK = [
  'test/unit',
  'test/package',
  ...['archive', 'pending', 'reprocessing', 'retention'].map(name => `test/faults/${name}`),
  ...['isolation', 'archive'].map(name => `test/integration/${name}`),
];

const quick = process.argv.includes('--quick');
const asked = process.argv.slice(2).filter(name => name !== '--quick');
const unknown = asked.filter(name => name !== 'newest' && !VERSIONS.includes(name));
if (unknown.length > 0) throw new Error(`Not one of ${VERSIONS.join(', ')}, newest: ${unknown.join(', ')}`);

const results = [];
for (const name of asked.length > 0 ? asked : [...VERSIONS, 'newest']) {
  results.push(name === 'newest' ? await runNewest() : await runOn(name));
}

const line = cells =>
  `${cells[0].padEnd(60)}${cells
    .slice(1)
    .map(cell => String(cell).padStart(9))
    .join('')}\n`;
process.stdout.write(`\n${line(['', 'passed', 'failed', 'skipped', 'seconds'])}`);
for (const { title, passed, failed, skipped, seconds } of results) {
  process.stdout.write(line([title, passed, failed, skipped, seconds]));
}
const sum = key => results.reduce((total, result) => total + result[key], 0);
process.stdout.write(`\n${sum('passed')} passed, ${sum('failed')} failed\n`);
process.exitCode = sum('failed') === 0 ? 0 : 1;

/** The suite in the repo, on one version of Node. */
async function runOn(major) {
  const node = await install(major);
  return suite(`Node ${node.version}`, node, root);
}

/** The suite in a copy of the repo, with the newest dependencies. */
async function runNewest() {
  const node = await install(NEWEST_RUNS_ON);
  const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const newest = Object.entries(dependencies)
    .map(([name, range]) => [name, /\|\| \^(\d+)\.[^|]*$/.exec(range)?.[1]])
    .filter(([, major]) => major !== undefined)
    .map(([name, major]) => `${name}@${major}`);
  const copy = await mkdtemp(join(tmpdir(), 'millrace-newest-'));
  try {
    await cp(root, copy, {
      recursive: true,
      filter: source => dirname(source) !== root || !NOT_COPIED.has(basename(source)),
    });
    const title = `Node ${node.version} with ${newest.join(' ')}`;
    const installed = await npm(`install --prefix . --prefer-offline --no-save ${newest.join(' ')}`, node, copy);
    if (installed !== 0) return broken(title, 'npm install');
    const checked = await run(node.path, [join('node_modules', 'typescript', 'bin', 'tsc'), '--noEmit'], node, copy);
    return checked === 0 ? await suite(title, node, copy) : broken(title, 'tsc');
  } finally {
    await rm(copy, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** Builds and tests in `folder`; what vitest counted. */
async function suite(title, node, folder) {
  process.stdout.write(`\n=== ${title}\n`);
  const report = join(cache, 'vitest.json');
  await rm(report, { force: true });
  const started = performance.now();
  if (
    (await run(node.path, [join('node_modules', 'tsup', 'dist', 'cli-default.js'), '--no-dts'], node, folder)) !== 0
  ) {
    return broken(title, 'tsup');
  }
  const vitest = [join('node_modules', 'vitest', 'vitest.mjs'), 'run', '--reporter=default', '--reporter=json'];
  const which = quick ? QUICK : [];
  const code = await run(node.path, [...vitest, `--outputFile.json=${report}`, ...which], node, folder);
  const seconds = Math.round((performance.now() - started) / 1000);
  const counted = await readFile(report, 'utf8').then(JSON.parse, error => ({ error }));
  if (counted.error) return broken(title, `vitest (${counted.error.message})`);
  // A test file that does not load, or an error outside of a test, fails the run and no test in it.
  const failed = counted.numFailedTests || (code === 0 ? 0 : 1);
  return { title, passed: counted.numPassedTests, failed, skipped: counted.numPendingTests, seconds };
}

/** The result of a run that did not come as far as the tests. */
function broken(title, step) {
  return { title: `${title}: ${step} failed`, passed: 0, failed: 1, skipped: 0, seconds: 0 };
}

/** A Node of a major version: the one that runs this, or else one in the cache. */
async function install(major) {
  if (process.versions.node.startsWith(`${major}.`)) return { path: process.execPath, version: process.versions.node };
  const folder = join(cache, `node${major}`);
  const path = join(folder, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(path)) {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
    const code = await npm(`install --prefix . --prefer-offline --no-audit --no-fund node@${major}`, undefined, folder);
    if (code !== 0) throw new Error(`Node ${major} could not be installed into ${folder}`);
  }
  const { stdout } = await promisify(execFile)(path, ['--print', 'process.versions.node']);
  return { path, version: stdout.trim() };
}

/** Runs npm, which is a script of the shell on Windows; no argument of ours needs quotes. */
function npm(command, node, cwd) {
  return run(`npm ${command}`, [], node, cwd, { shell: true });
}

/** Runs a program to its end, with `node` as the Node that it and its children find; its exit code. */
async function run(program, args, node, cwd, options = {}) {
  const path = node ? `${dirname(node.path)}${delimiter}${process.env.PATH}` : process.env.PATH;
  const env = { ...process.env, PATH: path, ...(quick ? { MILLRACE_QUICK: '1' } : {}) };
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'], ...options });
  const [code, signal] = await once(child, 'close');
  return code ?? signal;
}

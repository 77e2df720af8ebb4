/**
 * Runs the benches, each in a process of its own, and writes what they told as JSON beside the tables that they print.
 *
 *     npm run bench                         # all of them: half an hour
 *     npm run bench -- backlog http         # these
 *     npm run bench -- --short              # small numbers, to see that every bench works
 *
 * BENCH_FOLDER names the folder whose disk is measured, by default the repo's. Results: .cache/bench.json.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pLimit from 'p-limit';

const folder = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));
const all = readdirSync(folder)
  .filter(name => name.endsWith('.mjs') && name !== 'bench.mjs')
  .map(name => name.replace('.mjs', ''));
const short = process.argv.includes('--short');
const asked = process.argv.slice(2).filter(name => name !== '--short');
const unknown = asked.filter(name => !all.includes(name));
if (unknown.length > 0) throw new Error(`No bench is called ${unknown.join(', ')}; there are ${all.join(', ')}`);

const cache = join(root, '.cache');
const lines = join(cache, 'bench.jsonl');
mkdirSync(cache, { recursive: true });
rmSync(lines, { force: true });
writeFileSync(lines, '');
// The benches' files, until all of them are done: what one cleans up would slow down the next (see withStation).
const stations = mkdtempSync(join(process.env.BENCH_FOLDER ?? root, '.bench-station-'));
const env = { ...process.env, BENCH_JSON: lines, BENCH_FOLDER: stations, ...(short ? { BENCH_SHORT: '1' } : {}) };
// Short runs measure nothing, so they need not have the machine to themselves.
const turns = pLimit(short ? 2 : 1);
const codes = await turns.map(asked.length > 0 ? asked : all, async name => {
  const child = spawn(process.execPath, ['--expose-gc', join(folder, `${name}.mjs`)], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  const [code, signal] = await once(child, 'close');
  if (code !== 0) process.stdout.write(`\n${name} ended with ${code ?? signal}\n`);
  return code;
});
const results = readFileSync(lines, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map(line => JSON.parse(line));
writeFileSync(join(cache, 'bench.json'), `${JSON.stringify(results, null, 2)}\n`);
rmSync(lines);
rmSync(stations, { recursive: true, force: true });
process.stdout.write(`\n${results.length} tables in ${join('.cache', 'bench.json')}\n`);
process.exitCode = codes.every(code => code === 0) ? 0 : 1;

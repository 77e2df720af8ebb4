/** The documentation is true: its programs run, its tables are complete. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FakeServer } from 'millrace/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { repoRoot, runNode } from '../support/run.js';
import { temporaryFolders } from '../support/temp-folder.js';

const newFolder = temporaryFolders();
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const read = (path: string): Promise<string> => readFile(join(repoRoot, path), 'utf8');
const section = (text: string, title: string): string => text.split(/^## /m).find(part => part.startsWith(title)) ?? '';
const programs = (text: string): string[] => [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(match => match[1] ?? '');

/** A folder in which the package is installed, with a program in it. */
async function project(program: string): Promise<string> {
  const folder = await newFolder();
  await mkdir(join(folder, 'node_modules'));
  await symlink(repoRoot, join(folder, 'node_modules/millrace'), 'junction');
  await writeFile(join(folder, 'station.mjs'), program);
  return folder;
}

describe('the README', () => {
  it('has a first station of less than 30 lines that delivers the file it is given', async () => {
    const [program = ''] = programs(section(await read('README.md'), 'Getting started'));
    expect(program.split('\n').filter(line => line.trim() !== '').length).toBeLessThan(30);
    await using server = await FakeServer.start();
    const folder = await project(program.replace('https://your-server', server.url));
    await mkdir(join(folder, 'line-1/watch'), { recursive: true });
    await writeFile(join(folder, '1.csv.part'), 'SN-1;P\n');
    await rename(join(folder, '1.csv.part'), join(folder, 'line-1/watch/1.csv'));

    const child = spawn(process.execPath, ['station.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    let told = '';
    for await (const chunk of child.stdout) {
      told += chunk;
      if (told.includes('\n')) break;
    }
    expect(told).toMatch(/^delivered .*1\.csv\n$/);
    expect(server.reports.map(report => report.body)).toEqual([{ pn: 'PART-123', sn: 'SN-1', result: 'P' }]);
    await access(join(folder, 'line-1/Done/1.csv'));
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    // On Windows, kill() ends a process whatever the signal.
    if (process.platform !== 'win32') expect(code).toBe(0);
  });

  it('has a queue without a pool that runs', async () => {
    const [, program = ''] = programs(section(await read('README.md'), 'Getting started'));
    expect(await runNode(['station.mjs'], await project(program))).toEqual({ stdout: '', stderr: '' });
  });

  it('says of each dependency why it is there, and of none that is not', async () => {
    const { dependencies, peerDependencies } = JSON.parse(await read('package.json')) as {
      dependencies: Record<string, string>;
      peerDependencies: Record<string, string>;
    };
    const [, rows = '', builtIn = ''] =
      /^\| \|.*?\n\|---.*?\n(.*)^\| (.*?) \| built in/ms.exec(section(await read('README.md'), 'Dependencies')) ?? [];
    const named = [...rows.matchAll(/^\| (\S.*?) \| \S/gm)].flatMap(([, names = '']) => names.split(', '));
    expect(named.sort()).toEqual(Object.keys({ ...dependencies, ...peerDependencies }).sort());
    expect(builtIn.split(', ').length).toBeGreaterThan(0);
  });

  it('is no longer than 200 lines', async () => {
    expect((await read('README.md')).split('\n').length).toBeLessThanOrEqual(200);
  });
});

describe('the guides', () => {
  it('name every option of the pool, of its converters and of the queue', async () => {
    const guide = await read('docs/guides/configuration.md');
    const documented = new Set([...guide.matchAll(/^\| `([A-Za-z.]+)`/gm)].map(match => match[1]));
    const missing: string[] = [];
    for (const source of ['src/pool/pool-options.ts', 'src/discovery/discovery-options.ts', 'src/pending/options.ts']) {
      const interfaces = (await read(source)).matchAll(
        /^export interface (\w+Options|LedgerRetention)(?:\s+extends [^{]*)? \{\n(.*?)^\}/gms,
      );
      for (const [, type, body = ''] of interfaces) {
        for (const [, name = ''] of body.matchAll(/^ {2}(\w+)\??: /gm)) {
          if (![...documented].some(one => one === name || one?.endsWith(`.${name}`))) missing.push(`${type}.${name}`);
        }
      }
    }
    expect(missing).toEqual([]);
  });
});

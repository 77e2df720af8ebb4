/** What the crash tests are made of: a station on the disk, a server that records, a child to kill, and the check that nothing was lost. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import type { AsyncConverterPool, PostProcessAction } from 'millrace';
import { FakeServer } from 'millrace/testing';
import yauzl from 'yauzl';
import { repoRoot } from '../../support/run.js';
import type { ChildSettings } from './child.js';
import { foldersOf, makePool, type StationSettings } from './station.js';

/** A file that was given to the station. */
export interface Dropped {
  action: PostProcessAction;
  name: string;
  /** Its first word; see `station.ts`. */
  kind: string;
  /** Its second word, which no other file has. */
  word: string;
}

let program: Promise<string> | undefined;

/** A station with its server. */
export class Station {
  readonly root: string;
  readonly server: FakeServer;
  readonly actions: PostProcessAction[];
  readonly dropped: Dropped[] = [];

  static async make(actions: PostProcessAction[]): Promise<Station> {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'millrace-crash-')));
    const server = await FakeServer.start();
    for (const action of actions) await mkdir(foldersOf(root, action).watch, { recursive: true });
    await mkdir(join(root, 'staging'));
    return new Station(root, server, actions);
  }

  private constructor(root: string, server: FakeServer, actions: PostProcessAction[]) {
    this.root = root;
    this.server = server;
    this.actions = actions;
  }

  get settings(): StationSettings {
    return { root: this.root, url: this.server.url, actions: this.actions };
  }

  /** Puts a file into a watch folder, complete from its first moment. */
  async drop(file: Dropped): Promise<void> {
    const staged = join(this.root, 'staging', file.word);
    await writeFile(staged, `${file.kind} ${file.word}`);
    await rename(staged, join(foldersOf(this.root, file.action).watch, file.name));
    this.dropped.push(file);
  }

  /** Starts a child that runs the station. Its stdout, line by line, is `lines`. */
  async spawn(settings: Partial<ChildSettings> = {}): Promise<Child> {
    program ??= bundleChild();
    return new Child([await program, JSON.stringify({ ...this.settings, ...settings } satisfies ChildSettings)]);
  }

  /** The pool of this process over the station. */
  pool(settings: Partial<StationSettings> = {}): AsyncConverterPool {
    return makePool({ ...this.settings, watch: false, ...settings });
  }

  /** Brings the server back, goes on with what the dead left, and tells everything that is wrong then. */
  async goOn(settings: Partial<StationSettings> = {}): Promise<string[]> {
    await this.server.up();
    const pool = this.pool(settings);
    const problems: string[] = [];
    pool.on('error', ({ error }) => void problems.push(`error event: ${error.message}`));
    await pool.start();
    try {
      await pool.idle();
      problems.push(...(await this.check(pool)));
    } finally {
      await pool.stop();
    }
    problems.push(...(await this.#leftovers()));
    return problems;
  }

  /** Compares what was dropped with the server's reports, the folders and the pool's own books. */
  async check(pool: AsyncConverterPool): Promise<string[]> {
    const problems = this.deliveries();
    for (const action of this.actions) problems.push(...(await this.#places(action)));
    for (const { kind, path, message } of (await pool.audit()).differences) {
      problems.push(`audit: ${kind} ${path}: ${message}`);
    }
    for (const { action, name, kind } of this.dropped) {
      const sentence = await pool.explain(join(foldersOf(this.root, action).watch, name));
      const expected = kind === 'bad' ? 'failed on' : 'was delivered by';
      if (!sentence.includes(expected)) problems.push(`explain: ${sentence}`);
    }
    return problems;
  }

  /** Reports that are missing, and reports that came under two keys. */
  deliveries(): string[] {
    const problems: string[] = [];
    const keys = new Map<string, Set<string | undefined>>();
    for (const { body, idempotencyKey } of this.server.reports) {
      const { word, index } = body as { word: string; index: number };
      const name = `${word} ${index}`;
      keys.set(name, (keys.get(name) ?? new Set()).add(idempotencyKey));
    }
    for (const { word, kind } of this.dropped) {
      const count = { two: 2, bad: 0 }[kind] ?? 1;
      for (let index = 0; index < count; index++) {
        const found = keys.get(`${word} ${index}`);
        if (!found) problems.push(`lost: report ${index} of ${kind} ${word}`);
        else if (found.size > 1)
          problems.push(`twice: report ${index} of ${kind} ${word} under ${[...found].join(', ')}`);
        keys.delete(`${word} ${index}`);
      }
    }
    for (const name of keys.keys()) problems.push(`unexpected report: ${name}`);
    return problems;
  }

  async remove(): Promise<void> {
    await this.server.stop();
    await rm(this.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove();
  }

  /** Each source must be in its one right place, under its own name unless several files had it, with its own content. */
  async #places(action: PostProcessAction): Promise<string[]> {
    const { watch, done, error, pending } = foldersOf(this.root, action);
    const mine = this.dropped.filter(file => file.action === action);
    const good = mine.filter(file => file.kind !== 'bad');
    const inDone = action === 'move' || action === 'zip' ? good : [];
    return [
      ...(await differences(watch, action === 'keep' ? good : [])),
      ...(await differences(done, inDone)),
      ...(await differences(
        error,
        mine.filter(file => file.kind === 'bad'),
      )),
      ...(await differences(pending, [])),
    ];
  }

  /** What the pool leaves in its own folders when it has stopped: the snapshot of its ledger, and nothing that waits. */
  async #leftovers(): Promise<string[]> {
    const state = await namesIn(join(this.root, 'state'));
    const pending = await namesIn(join(this.root, 'state', 'pending'));
    return [
      ...state.filter(name => !['ledger.db', 'pending'].includes(name)),
      ...pending.filter(name => name !== 'reserve'),
    ].map(name => `left over: ${name}`);
  }
}

/** A process that runs the station until it ends or is killed. */
export class Child {
  readonly process: ChildProcess;
  readonly lines: string[] = [];
  /** Resolves with whether it was killed. Rejects when it failed. */
  readonly ended: Promise<'killed' | 'ended'>;
  #stderr = '';

  constructor(args: string[]) {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.process = child;
    createInterface(child.stdout).on('line', line => void this.lines.push(line));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.ended = once(child, 'close').then(([code, signal]) => {
      if (signal === 'SIGKILL') return 'killed';
      if (code === 0) return 'ended';
      throw new Error(`The child ended with ${code ?? signal}: ${this.#stderr}`);
    });
  }

  /** Resolves with the first line, of those that came or come, that begins with `start`. */
  async line(start: string): Promise<string> {
    for (;;) {
      const line = this.lines.find(one => one.startsWith(start));
      if (line !== undefined) return line;
      const more = once(this.process.stdout as NodeJS.ReadableStream, 'data');
      const over = this.ended.then(() => 'over' as const);
      if ((await Promise.race([more, over])) === 'over' && !this.lines.some(one => one.startsWith(start))) {
        throw new Error(`The child ended and never said '${start}': ${this.lines.join('\n')}`);
      }
      await new Promise(setImmediate);
    }
  }

  /** Kills it, and resolves when it is gone. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended;
  }
}

async function differences(folder: string, expected: readonly Dropped[]): Promise<string[]> {
  const found: string[] = [];
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    if (name.endsWith('.error')) continue;
    found.push(`${plainName(name)} = ${name.endsWith('.zip') ? await unzipped(path) : await readFile(path, 'utf8')}`);
  }
  const wanted = expected.map(({ name, kind, word }) => `${name} = ${kind} ${word}`);
  // A number is right only where several files of one name came to the folder.
  const numbered = (await namesIn(folder)).filter(name => name !== plainName(name) && !name.endsWith('.error'));
  const times = (name: string): number => expected.filter(file => file.name === plainName(name)).length;
  return [
    ...wanted.filter(one => !found.includes(one)).map(one => `not in ${shortName(folder)}: ${one}`),
    ...found.filter(one => !wanted.includes(one)).map(one => `should not be in ${shortName(folder)}: ${one}`),
    ...(found.length > wanted.length ? [`too many in ${shortName(folder)}: ${found.join('; ')}`] : []),
    ...numbered.filter(name => times(name) < 2 && !name.endsWith('.zip')).map(name => `numbered without need: ${name}`),
  ];
}

/** The name before it was numbered and zipped. */
function plainName(name: string): string {
  return name.replace(/\.zip$/, '').replace(/_\d+(?=\.csv|$)/, '');
}

function shortName(folder: string): string {
  return join(basename(join(folder, '..')), basename(folder));
}

/** The names in a folder, none where there is no folder. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    // The canary of a process that was killed stays for the next one.
    return (await readdir(folder)).filter(name => name !== '.millrace-canary');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function unzipped(path: string): Promise<string> {
  const zip = await yauzl.openPromise(path);
  let content = '';
  for await (const entry of zip.eachEntry()) {
    for await (const chunk of await zip.openReadStreamPromise(entry)) content += String(chunk);
  }
  return content;
}

/** Bundles the child's program to where it finds the built package by its name, as a user's program does. */
async function bundleChild(): Promise<string> {
  const outfile = join(repoRoot, '.cache', 'custody', 'child.js');
  await build({
    entryPoints: [join(repoRoot, 'test', 'faults', 'custody', 'child.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    // Without the paths of the repo's own configuration, which lead the package's name to its source.
    tsconfigRaw: {},
  });
  return outfile;
}

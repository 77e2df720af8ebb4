/** What the crash tests are made of: a station on the disk, a server that records, a child to kill, and the check that nothing was lost. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import type { AsyncConverterPool, PostProcessAction } from 'millrace';
import { FakeServer } from 'millrace/testing';
import yauzl from 'yauzl';
import { bundleTo } from '../../support/bundle.js';
import { repoRoot } from '../../support/run.js';
import { archiveProblems } from './archive-check.js';
import type { ChildSettings } from './child.js';
import { foldersOf, makePool, type StationSettings, tableOf, type UnitName } from './station.js';

/** A file that was given to the station. */
export interface Dropped {
  action: PostProcessAction;
  name: string;
  /** Its first word; see `station.ts`. */
  kind: string;
  /** Its second word, which no other file has. */
  word: string;
}

/** Of a station's settings, those that few tests set. */
export type StationOptions = Pick<StationSettings, 'archive' | 'maxRetries'>;

let program: Promise<string> | undefined;

/** A station with its server. */
export class Station {
  readonly root: string;
  readonly server: FakeServer;
  readonly actions: PostProcessAction[];
  readonly unit: UnitName;
  readonly options: StationOptions;
  readonly dropped: Dropped[] = [];

  static async make(
    actions: PostProcessAction[],
    unit: UnitName = 'file',
    options: StationOptions = {},
  ): Promise<Station> {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'millrace-crash-')));
    const server = await FakeServer.start();
    for (const action of actions) await mkdir(foldersOf(root, action).watch, { recursive: true });
    await mkdir(join(root, 'staging'));
    await writeFile(tableOf(root), '');
    return new Station(root, server, actions, unit, options);
  }

  private constructor(
    root: string,
    server: FakeServer,
    actions: PostProcessAction[],
    unit: UnitName,
    options: StationOptions,
  ) {
    this.options = options;
    this.root = root;
    this.server = server;
    this.actions = actions;
    this.unit = unit;
  }

  get settings(): StationSettings {
    return { root: this.root, url: this.server.url, actions: this.actions, unit: this.unit, ...this.options };
  }

  /** Puts a unit into a watch folder, each file complete from its first moment; an item comes into the table. */
  async drop(file: Dropped): Promise<void> {
    const { watch } = foldersOf(this.root, file.action);
    if (this.unit === 'pulled') await appendFile(tableOf(this.root), `${file.kind} ${file.word}\n`);
    const staged = join(this.root, 'staging', file.word);
    const members = membersOf(file, this.unit);
    for (const [name, content] of Object.entries(members)) {
      await mkdir(join(staged, name, '..'), { recursive: true });
      await writeFile(join(staged, name), content);
    }
    if (this.unit === 'folder') await rename(staged, join(watch, file.name));
    else if (this.unit !== 'pulled')
      for (const name of Object.keys(members)) await rename(join(staged, name), join(watch, name));
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
    if (this.options.archive) {
      const sources = this.dropped.map(file => ({ ...file, content: contentOf(membersOf(file, this.unit)) }));
      problems.push(...(await archiveProblems(this.root, sources)));
    }
    return problems;
  }

  /** Compares what was dropped with the server's reports, the folders and the pool's own books. */
  async check(pool: AsyncConverterPool): Promise<string[]> {
    const problems = this.deliveries();
    for (const action of this.actions) problems.push(...(await this.#places(action)));
    for (const { kind, path, message } of (await pool.audit()).differences) {
      problems.push(`audit: ${kind} ${path}: ${message}`);
    }
    for (const { action, name, kind, word } of this.dropped) {
      const { watch } = foldersOf(this.root, action);
      // What was pulled lies under a name that we made.
      const pulled =
        this.unit === 'pulled' && (await pool.items()).items.find(({ path }) => path.startsWith(`${word}.`));
      const sentence = await pool.explain(join(watch, pulled ? pulled.path : name));
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
      ...(await this.#differences(watch, action === 'keep' ? good : [], this.unit === 'set')),
      ...(await this.#differences(done, inDone)),
      ...(await this.#differences(
        error,
        mine.filter(file => file.kind === 'bad'),
      )),
      ...(await this.#differences(pending, [])),
    ];
  }

  /** @param scattered The files of a unit lie side by side there. */
  #differences(folder: string, units: readonly Dropped[], scattered = false): Promise<string[]> {
    const expected = units.flatMap((unit): Expected[] => {
      const members = membersOf(unit, this.unit);
      if (!scattered) return [{ name: unit.name, content: contentOf(members) }];
      return Object.entries(members).map(([name, content]) => ({ name, content }));
    });
    return differences(folder, expected);
  }

  /** What the pool leaves in its own folders when it has stopped: the snapshot of its ledger, and nothing that waits. */
  async #leftovers(): Promise<string[]> {
    const state = await namesIn(join(this.root, 'state'));
    const pending = await namesIn(join(this.root, 'state', 'pending'));
    return [
      ...state.filter(name => !['ledger.db', 'pending', 'copies'].includes(name)),
      ...(await namesIn(join(this.root, 'state', 'copies'))),
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

/** The files of a unit with their contents, the last one being what makes it complete. */
function membersOf({ name, kind, word }: Dropped, unit: UnitName): Record<string, string> {
  const words = `${kind} ${word}`;
  if (unit === 'folder') return { 'plots/plot.png': `plot of ${word}`, 'data.csv': words };
  return unit === 'set' ? { [name.replace('.csv', '.png')]: `plot of ${word}`, [name]: words } : { [name]: words };
}

/** The content of a file, or of several with their names. */
function contentOf(members: Record<string, string>): string {
  const entries = Object.entries(members);
  if (entries.length === 1) return entries[0]?.[1] ?? '';
  return entries
    .map(([name, content]) => `${name}: ${content}`)
    .sort()
    .join('; ');
}

const OURS = new Set(['.schedule.json', '.millrace-canary']);

interface Expected {
  name: string;
  content: string;
}

async function differences(folder: string, expected: readonly Expected[]): Promise<string[]> {
  const found: string[] = [];
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    // The first is no source, the others are the pool's own.
    if (name.endsWith('.error') || OURS.has(name)) continue;
    found.push(`${plainName(name)} = ${contentOf(await membersAt(path))}`);
  }
  const wanted = expected.map(({ name, content }) => `${name} = ${content}`);
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

/** What lies at a path: a file, a folder, or a ZIP. */
async function membersAt(path: string): Promise<Record<string, string>> {
  if (path.endsWith('.zip')) return unzipped(path);
  if (!(await stat(path)).isDirectory()) return { [basename(path)]: await readFile(path, 'utf8') };
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const members: Record<string, string> = {};
  for (const entry of entries.filter(one => one.isFile())) {
    const file = join(entry.parentPath, entry.name);
    members[relative(path, file).replaceAll('\\', '/')] = await readFile(file, 'utf8');
  }
  return members;
}

async function unzipped(path: string): Promise<Record<string, string>> {
  const zip = await yauzl.openPromise(path);
  const members: Record<string, string> = {};
  for await (const entry of zip.eachEntry()) {
    let content = '';
    for await (const chunk of await zip.openReadStreamPromise(entry)) content += String(chunk);
    members[entry.fileName] = content;
  }
  return members;
}

/** Bundles the child's program to where it finds the built package by its name, as a user's program does. */
async function bundleChild(): Promise<string> {
  const outfile = join(repoRoot, '.cache', 'custody', 'child.js');
  // Without the paths of the repo's own configuration, which lead the package's name to its source.
  await bundleTo(outfile, join(repoRoot, 'test', 'faults', 'custody', 'child.ts'), { tsconfigRaw: {} });
  return outfile;
}

/** A test station in a temp folder: its folders, a server, pools and converters. Everything is stopped after each test. */
import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import {
  AsyncConverterPool,
  type Conversion,
  ConverterBase,
  type ConverterContext,
  type ConverterOptions,
  type ConverterSource,
  HttpSubmitter,
  PendingQueue,
  type PendingQueueOptions,
  type PoolEvents,
  type PoolOptions,
} from 'millrace';
import { FakeServer } from 'millrace/testing';
import { afterEach, expect } from 'vitest';
import { temporaryFolders } from '../../support/temp-folder.js';

const temporaryFolder = temporaryFolders();

/** What a leaking pool would leave behind, by its names in Node. Timers are the test runner's as well. */
const LEAKS = new Set(['FSEventWrap', 'StatWatcher', 'TCPServerWrap', 'TCPSocketWrap', 'MessagePort', 'Worker']);
const open: Station[] = [];
const before = handles();

afterEach(async () => {
  await Promise.all(open.splice(0).map(station => station.close()));
  // A socket says that it is closed a moment after it is.
  await until(() => handles().length <= before.length);
});

function handles(): string[] {
  return process.getActiveResourcesInfo().filter(name => LEAKS.has(name));
}

type Convert = (source: ConverterSource, context: ConverterContext) => Conversion<object> | Promise<Conversion<object>>;
type Fields = Partial<
  Pick<
    ConverterBase,
    'name' | 'version' | 'supportedExtensions' | 'filePatterns' | 'priority' | 'validate' | 'initialize'
  >
> &
  Partial<Pick<ConverterBase, 'onSuccess' | 'onFailure' | 'dispose'>>;

/** A converter of `.txt` files named 'text', unless `fields` say otherwise. */
export function converter(convert: Convert, fields: Fields = {}): ConverterBase {
  class Given extends ConverterBase {
    readonly name = fields.name ?? 'text';
    readonly supportedExtensions = fields.supportedExtensions ?? ['.txt'];
    convert = convert;
  }
  return Object.assign(new Given(), fields);
}

/** Reports each file's name and text. */
export const echo: Convert = async source => ({ name: source.name, text: await source.text() });

/** What {@link Station.pool} takes: pool options, with those of the only converter and of the queue in their place. */
export interface StationPoolOptions extends Partial<Omit<PoolOptions, 'pending' | 'converters'>> {
  converters?: (Partial<ConverterOptions> & Pick<ConverterOptions, 'converter'>)[];
  queue?: Partial<PendingQueueOptions>;
}

/** A station. Its pools share one set of folders, as the same pool does before and after a restart. */
export class Station {
  readonly root: string;
  readonly server: FakeServer;
  /** Every `error` event of its pools. */
  readonly errors: Error[] = [];
  readonly #pools: AsyncConverterPool[] = [];

  static async open(): Promise<Station> {
    const station = new Station(await temporaryFolder(), await FakeServer.start());
    await mkdir(station.path('watch'));
    open.push(station);
    return station;
  }

  private constructor(root: string, server: FakeServer) {
    this.root = root;
    this.server = server;
  }

  path(...parts: string[]): string {
    return join(this.root, ...parts);
  }

  /** A pool that is not started. One converter for `watch` by default, `echo`; waits are short. */
  pool({ converters, queue, ...options }: StationPoolOptions = {}): AsyncConverterPool {
    const pending = new PendingQueue({
      directory: this.path('outbox'),
      submitter: new HttpSubmitter({ url: `${this.server.url}/api/Report/WSJF` }),
      minFreeBytes: 0,
      reserveBytes: 0,
      retry: { baseDelayMs: 10, maxDelayMs: 100, budgetPerMinute: 60_000 },
      breaker: { failureThreshold: 1, resetTimeoutMs: 50 },
      ...(options.fs ? { fs: options.fs } : {}),
      ...queue,
    });
    const pool = new AsyncConverterPool({
      dataDir: this.path('state'),
      pending,
      minFreeBytes: 0,
      ...options,
      converters: (converters ?? [{ converter: converter(echo) }]).map(one => ({
        watchFolder: this.path('watch'),
        stabilityMs: 30,
        retryDelayMs: 50,
        ...one,
      })),
    });
    pool.on('error', ({ error }) => this.errors.push(error));
    this.#pools.push(pool);
    return pool;
  }

  /** A started {@link pool}. */
  async start(options?: StationPoolOptions): Promise<AsyncConverterPool> {
    const pool = this.pool(options);
    await pool.start();
    return pool;
  }

  /** Writes a file below the station's folder, and the folders above it. @returns Its path. */
  async drop(path: string, content: string | Uint8Array): Promise<string> {
    const file = this.path(path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    return file;
  }

  read(path: string): Promise<string> {
    return readFile(this.path(path), 'utf8');
  }

  /** Every file below a folder, relative to it, sorted. Nothing when the folder is not there. */
  async files(folder: string): Promise<string[]> {
    if (!(await isThere(this.path(folder)))) return [];
    const entries = await readdir(this.path(folder), { recursive: true, withFileTypes: true });
    const files = entries.filter(entry => !entry.isDirectory());
    return files.map(entry => relative(this.path(folder), join(entry.parentPath, entry.name))).sort();
  }

  /** The bodies of the accepted reports, in the order of acceptance. */
  reports<T = { name: string; text: string }>(): T[] {
    return this.server.reports.map(report => report.body as T);
  }

  /** Waits until nothing moves, and asserts that the books balance and no report came twice. */
  async settled(pool: AsyncConverterPool): Promise<void> {
    await pool.idle();
    expect((await pool.audit()).differences).toEqual([]);
    expect(this.server.duplicates).toBe(0);
    expect(pool.pending.size).toBe(0);
  }

  async close(): Promise<void> {
    await Promise.all(this.#pools.map(pool => pool.stop({ timeoutMs: 0 })));
    await this.server.stop();
  }
}

/** Resolves with the payload of the next event that fits. */
export function next<K extends keyof PoolEvents>(
  pool: AsyncConverterPool,
  event: K,
  fits: (payload: PoolEvents[K]) => boolean = () => true,
): Promise<PoolEvents[K]> {
  return new Promise(resolve => {
    const listener = (payload: PoolEvents[K]) => {
      if (!fits(payload)) return;
      pool.off(event, listener as never);
      resolve(payload);
    };
    pool.on(event, listener as never);
  });
}

/** Looks until it is so. For what no event tells of; the test's own timeout ends it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(resolve => setTimeout(resolve, 5));
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

export async function checksum(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

/** A promise that the test fulfils. */
export function gate(): { passed: Promise<void>; open: () => void } {
  let release: () => void = () => undefined;
  const passed = new Promise<void>(resolve => {
    release = resolve;
  });
  return { passed, open: release };
}

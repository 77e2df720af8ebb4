/** A pool on a folder of its own, with a converter that does what the content of a file says, and a server that keeps books. */
import { cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AsyncConverterPool,
  ConverterBase,
  type ConverterContext,
  type ConverterOptions,
  type ConverterSource,
  FileFormatError,
  type PoolEvents,
  type PoolOptions,
} from 'millrace';
import { onTestFinished } from 'vitest';

/** One report per line. `bad`, `flaky`, `later` and `nothing` as the first word fail, fail for a while, suspend and skip. */
export class LineConverter extends ConverterBase {
  readonly name: string;
  override readonly version: string;
  readonly supportedExtensions = ['.csv'];
  /** The `attempt` of each call. */
  readonly attempts: number[] = [];
  /** What `flaky` and `later` do from now on. */
  calm = false;

  constructor(options: { name?: string; version?: string; args?: Record<string, unknown> } = {}) {
    super(options.args);
    this.name = options.name ?? 'csv';
    this.version = options.version ?? '1.0.0';
  }

  async convert(source: ConverterSource, context: ConverterContext) {
    this.attempts.push(context.attempt);
    const text = await source.text();
    if (text.startsWith('bad')) throw new FileFormatError(`${source.name} has no header`);
    if (text.startsWith('flaky') && !this.calm) throw Object.assign(new Error('no network'), { code: 'ECONNRESET' });
    if (text.startsWith('later') && !this.calm) return context.suspend('no limits yet');
    if (text.startsWith('nothing')) return [];
    return text.split('\n').map(line => ({ line }));
  }
}

export interface Delivery {
  key: string;
  line: string;
}

type Changes = Partial<Omit<PoolOptions, 'converters'>> & { converter?: Partial<ConverterOptions> };

/** A folder with everything that outlives a process; {@link Station.open} starts a pool on it. */
export class Station {
  readonly root: string;
  readonly deliveries: Delivery[] = [];
  readonly errors: Error[] = [];
  /** What the server does before it answers. */
  onSubmit: (delivery: Delivery) => Promise<void> = async () => undefined;
  converter = new LineConverter();

  constructor(root: string) {
    this.root = root;
  }

  /** Inside the watch folder; of the others below the root: `at('Done', 'a.csv')`. */
  at(...names: [string, ...string[]]): string {
    return names.length === 1 ? join(this.root, 'watch', ...names) : join(this.root, ...names);
  }

  async open(changes: Changes = {}): Promise<AsyncConverterPool> {
    await mkdir(join(this.root, 'watch'), { recursive: true });
    const { converter, ...options } = changes;
    const pool = new AsyncConverterPool({
      dataDir: join(this.root, 'state'),
      minFreeBytes: 0,
      ...(options.pending
        ? {}
        : {
            submitter: async (report, { idempotencyKey }) => {
              const delivery = { key: idempotencyKey, line: (report as { line: string }).line };
              await this.onSubmit(delivery);
              this.deliveries.push(delivery);
              return { id: `server-${this.deliveries.length}` };
            },
          }),
      ...options,
      converters: [{ converter: this.converter, watchFolder: join(this.root, 'watch'), stabilityMs: 20, ...converter }],
    });
    pool.on('error', ({ error }) => this.errors.push(error));
    onTestFinished(() => pool.stop());
    await pool.start();
    return pool;
  }

  async drop(name: string, content: string): Promise<string> {
    const path = this.at(name);
    await mkdir(join(path, '..'), { recursive: true });
    // Written elsewhere and renamed in: the file is complete whenever somebody looks.
    const temp = join(this.root, `drop-${Math.random()}`);
    await writeFile(temp, content);
    await rename(temp, path);
    return path;
  }

  get lines(): string[] {
    return this.deliveries.map(({ line }) => line);
  }

  async names(folder: 'watch' | 'Done' | 'Error' | 'Pending'): Promise<string[]> {
    return (await readdir(join(this.root, folder))).sort();
  }

  /** Everything as it is on the disk now: what a crash at this moment would leave. */
  async snapshot(): Promise<string> {
    const copy = `${this.root}-crash`;
    await cp(this.root, copy, { recursive: true, preserveTimestamps: true });
    return copy;
  }

  /** Puts what {@link snapshot} took in place of what is there. */
  async restore(snapshot: string): Promise<void> {
    await rm(this.root, { recursive: true });
    await rename(snapshot, this.root);
    // The lock names this very process, which in a real crash would be gone.
    await rm(join(this.root, 'state', 'lock'), { force: true, recursive: true });
    await rm(join(this.root, 'state', 'pending', 'lock'), { force: true, recursive: true });
  }
}

/** All payloads of one event from now on. */
export function collect<K extends keyof PoolEvents>(pool: AsyncConverterPool, event: K): PoolEvents[K][] {
  const payloads: PoolEvents[K][] = [];
  pool.on(event, ((payload: PoolEvents[K]) => payloads.push(payload)) as never);
  return payloads;
}

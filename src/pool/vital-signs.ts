/** A pool as seen from outside: its health and its metrics, both taken when somebody asks, and never failing. */
import { memoryUsage } from 'node:process';
import type { RetentionEngine } from '../archive/index.js';
import { toError } from '../errors.js';
import type { FileSystem } from '../files/file-system.js';
import { EventLoopMeter } from '../observe/event-loop.js';
import { type Health, toHealth } from '../observe/health.js';
import { within } from '../within.js';
import { diagnose } from './diagnosis.js';
import type { Engine } from './engine.js';
import type { HealthOptions } from './health-options.js';
import { Monitor } from './monitor.js';
import type { PoolState, PoolStatistics } from './pool-events.js';
import type { PoolMetrics } from './pool-metrics.js';
import { statisticsOf } from './statistics.js';

/** A disk that does not answer must not keep a probe waiting. */
const DISK_DEADLINE_MS = 2_000;
/** Counting walks over all rows: above so many, the count is kept for 1 ms for each 50 of them. */
const COUNTED_AT_ONCE = 50_000;
const ROWS_PER_MS = 50;

export interface VitalSignsOptions {
  state: () => PoolState;
  concurrency: number;
  thresholds: Required<HealthOptions>;
  retention: Pick<RetentionEngine, 'trouble'> | undefined;
}

export class VitalSigns {
  readonly monitor: Monitor;
  readonly #engine: Engine;
  readonly #options: VitalSignsOptions;
  readonly #eventLoop: EventLoopMeter;
  #files: { counted: PoolStatistics['files']; until: number } | undefined;

  constructor(engine: Engine, options: VitalSignsOptions) {
    const { clock, pending } = engine.context;
    this.#engine = engine;
    this.#options = options;
    this.#eventLoop = new EventLoopMeter(clock);
    const { dispatcher } = engine;
    this.monitor = new Monitor(clock, () => dispatcher.waiting + dispatcher.working + pending.size === 0);
  }

  async health(): Promise<Health> {
    const { thresholds, retention } = this.#options;
    const { context, space } = this.#engine;
    const state = this.#options.state();
    if (state === 'running') {
      // Low is a state of the monitor, and a reason below.
      const measured = space.ensure().catch(() => undefined);
      await within(context.clock, DISK_DEADLINE_MS, measured);
    }
    const pending = context.pending.statistics();
    const reasons = diagnose({ state, engine: this.#engine, monitor: this.monitor, pending, thresholds, retention });
    return toHealth(reasons.map(reason => ({ ...reason, message: context.secrets.hide(reason.message) })));
  }

  async metrics(): Promise<PoolMetrics> {
    const { monitor } = this;
    const { context, dispatcher, space, archivist } = this.#engine;
    const [health, files, openFileDescriptors] = await Promise.all([
      this.health(),
      this.#countFiles(),
      countOpenFiles(context.fs),
    ]);
    const converters = [...monitor.converters].map(
      ([name, { counts, duration }]) => [name, { ...counts, duration: duration.snapshot() }] as const,
    );
    return {
      at: context.clock.now(),
      health,
      ...(files ? { files } : {}),
      converters: Object.fromEntries(converters),
      workers: { waiting: dispatcher.waiting, busy: dispatcher.busy, limit: this.#options.concurrency },
      pending: context.pending.statistics(),
      archives: [...archivist.places].map(({ storage, away }) => ({
        directory: storage.directory,
        ...storage.traffic,
        paused: away !== undefined,
      })),
      errors: Object.fromEntries(monitor.errors),
      blindFolders: [...monitor.blind.keys()],
      ...(Number.isFinite(space.freeBytes)
        ? { disk: { freeBytes: space.freeBytes, thresholdBytes: space.thresholdBytes } }
        : {}),
      process: {
        eventLoop: this.#eventLoop.read(),
        openHandles: countHandles(),
        ...(openFileDescriptors === undefined ? {} : { openFileDescriptors }),
        residentMemoryBytes: memoryUsage.rss(),
      },
    };
  }

  stop(): void {
    this.#eventLoop.stop();
  }

  /** The files by state, not counted anew more often than is cheap. */
  async #countFiles(): Promise<PoolStatistics['files'] | undefined> {
    if (this.#options.state() !== 'running') return undefined;
    const { clock, logger } = this.#engine.context;
    if (this.#files && clock.monotonic() < this.#files.until) return this.#files.counted;
    try {
      const { files, total } = await statisticsOf(this.#engine);
      const keptMs = total < COUNTED_AT_ONCE ? 0 : total / ROWS_PER_MS;
      this.#files = { counted: files, until: clock.monotonic() + keptMs };
      return files;
    } catch (thrown) {
      // The rest of the numbers is worth having, the more so when the ledger is in trouble.
      logger.debug({ err: toError(thrown) }, 'The files could not be counted');
      return undefined;
    }
  }
}

function countHandles(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Only Linux tells; elsewhere, or in a container without /proc, the number is left out. */
async function countOpenFiles(fs: FileSystem): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  return fs.readdir('/proc/self/fd').then(
    names => names.length,
    () => undefined,
  );
}

/**
 * Runs candidates on live files, beside them: after the real conversion, while no file waits, on a copy of what the real
 * converter saw. Nothing that a candidate does reaches the file: not what it makes, nor what it throws, nor how long it takes.
 */
import { setMaxListeners } from 'node:events';
import { Readable } from 'node:stream';
import pLimit from 'p-limit';
import { Pacer } from '../archive/reprocessing/pacer.js';
import { systemClock } from '../clock.js';
import { contentSource, type KeptFile } from '../converters/content-source.js';
import type { ConverterResult } from '../converters/converter-result.js';
import { type AnyConverter, type ContextFacts, runConversion } from '../converters/run-conversion.js';
import type { ConverterSource } from '../converters/source.js';
import { MillraceError, toError } from '../errors.js';
import type { ActiveFile } from './active-file.js';
import { about, type PoolContext } from './pool-context.js';
import type { ShadowDifference } from './pool-events.js';
import type { Shadow } from './shadow-options.js';

/** A source that is larger is passed over: it would have to be kept for long. */
const MAX_SOURCE_BYTES = 4 * 1024 * 1024;
/** Sources that wait for a candidate hold no more than this. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;
const OUTCOME = '(outcome)';

/** What a candidate is run on. */
interface Job {
  file: ActiveFile;
  shadow: Shadow;
  source: Promise<ConverterSource>;
  result: ConverterResult;
  facts: ContextFacts;
}

/** One object serves all of a pool. */
export class Shadows {
  readonly #context: PoolContext;
  readonly #pacer: Pacer;
  /** One at a time: a candidate is to be judged, not to be fast. */
  readonly #turn = pLimit(1);
  readonly #abort = new AbortController();
  readonly #ready = new Map<AnyConverter, Promise<void>>();
  #held = 0;

  /** @param isBusy Files wait for a worker. */
  constructor(context: PoolContext, isBusy: () => boolean) {
    this.#context = context;
    this.#pacer = new Pacer(systemClock, {
      get busy() {
        return isBusy();
      },
    });
    setMaxListeners(0, this.#abort.signal);
  }

  /** Takes a copy of what the converter saw, and comes back to it later. Never throws, and takes no time. */
  offer(file: ActiveFile, source: ConverterSource, result: ConverterResult, facts: ContextFacts): void {
    const { shadow } = file.entry;
    if (!shadow || result.status === 'suspended' || this.#abort.signal.aborted) return;
    const bytes = source.files?.reduce((sum, one) => sum + one.size, 0) ?? source.size;
    if (bytes > MAX_SOURCE_BYTES) {
      this.#skip(file, shadow, 'the source is too large to be kept for it');
      return;
    }
    if (this.#held + bytes > MAX_HELD_BYTES) {
      this.#skip(file, shadow, 'too many sources wait for it');
      return;
    }
    this.#held += bytes;
    const job = { file, shadow, result, facts, source: copyOf(source) };
    // What it rejects with is told when its turn comes.
    job.source.catch(() => undefined);
    void this.#turn(() => this.#run(job)).finally(() => {
      this.#held -= bytes;
    });
  }

  /** Ends what runs; what waits is forgotten. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#turn(() => undefined);
    for (const [converter, ready] of this.#ready) {
      try {
        await ready;
        await converter.dispose?.();
      } catch (thrown) {
        this.#trouble(converter, 'dispose', thrown);
      }
    }
  }

  async #run(job: Job): Promise<void> {
    const { file, shadow, facts } = job;
    const { converter, timeoutMs = file.entry.timeoutMs } = shadow;
    const { signal } = this.#abort;
    await this.#pacer.turn(signal);
    if (signal.aborted) return;
    try {
      const source = await job.source;
      await this.#initialize(converter);
      const args = { ...converter.arguments, ...file.entry.given.arguments };
      const { rejectThreshold } = file.entry;
      const { clock } = this.#context;
      const told = { ...facts, arguments: args };
      this.#tell(
        job,
        await runConversion({ converter, source, facts: told, timeoutMs, rejectThreshold, clock, signal }),
      );
    } catch (thrown) {
      if (!signal.aborted) this.#skip(file, shadow, toError(thrown).message);
    }
  }

  #tell({ file, shadow, result }: Job, candidate: ConverterResult): void {
    const differences: ShadowDifference[] = [];
    if (candidate.status !== result.status) {
      const outcome = { kind: 'changed', path: OUTCOME, commonPath: OUTCOME, concerns: 'status', report: 0 } as const;
      differences.push({ ...outcome, before: inWords(result), after: inWords(candidate) });
    } else {
      const [live, reports] = [result.reports, candidate.reports];
      for (let report = 0; report < Math.max(live.length, reports.length); report++)
        for (const one of shadow.compare(live[report], reports[report])) differences.push({ ...one, report });
    }
    const candidateVersion = shadow.converter.version;
    const { notify } = this.#context;
    if (differences.length === 0) notify('shadowMatched', { ...about(file), candidateVersion });
    else notify('shadowDiffers', { ...about(file), candidateVersion, differences });
  }

  #skip(file: ActiveFile, { converter }: Shadow, reason: string): void {
    this.#context.notify('shadowSkipped', { ...about(file), candidateVersion: converter.version, reason });
  }

  /** Once, when it is first needed: a candidate that cannot be initialised does not keep the pool from starting. */
  #initialize(converter: AnyConverter): Promise<void> {
    let ready = this.#ready.get(converter);
    if (!ready) {
      ready = (async () => converter.initialize?.())();
      ready.catch((thrown: unknown) => {
        this.#ready.delete(converter);
        this.#trouble(converter, 'initialize', thrown);
      });
      this.#ready.set(converter, ready);
    }
    return ready;
  }

  #trouble(converter: AnyConverter, hook: string, thrown: unknown): void {
    const message = `${hook} of the candidate '${converter.name}' ${converter.version} failed: ${toError(thrown).message}`;
    this.#context.notify('error', { error: new MillraceError('HOOK_FAILED', message, { cause: thrown }) });
  }
}

/** The content, read before the pool lets go of it or moves the file. */
async function copyOf(source: ConverterSource): Promise<ConverterSource> {
  const { path, size, modifiedAt } = source;
  // Each read begins before this returns: what is held by then stays as it is.
  const contents = (source.files ?? [source]).map(async one => {
    const [bytes, sha256] = await Promise.all([one.bytes(), one.sha256()]);
    const kept: KeptFile = {
      name: one.name,
      size: one.size,
      modifiedAt: one.modifiedAt,
      sha256,
      stream: () => Readable.from([bytes]),
    };
    return kept;
  });
  const [sha256, files] = await Promise.all([source.sha256(), Promise.all(contents)]);
  return contentSource({ path, size, modifiedAt, sha256, several: source.files !== undefined }, files);
}

function inWords({ status, error, reason }: ConverterResult): string {
  const why = error?.message ?? reason;
  return why === undefined ? status : `${status}: ${why}`;
}

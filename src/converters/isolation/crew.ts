/** The workers of one converter: threads or processes that each do one task at a time, are used again, and can be ended hard. */
import { availableParallelism } from 'node:os';
import { Tinypool } from 'tinypool';
import { ConverterConfigError, ConverterCrashedError, MillraceError, systemCode, toError } from '../../errors.js';
import { converterWorkerUrl } from '../../worker-url.js';
import type { ContextFacts } from '../run-conversion.js';
import type { IsolationKind } from './converter-module.js';
import type { Answer, Recipe, Task, Upward, Work } from './messages.js';
import { packError } from './packed-error.js';
import { type HostWire, processWire, threadWire } from './wire.js';

export interface CrewOptions {
  kind: IsolationKind;
  recipe: Recipe;
  /** How many tasks run at once. */
  size?: number | undefined;
  memoryLimitMb: number;
}

/** What a task may be given beside its work. */
export interface TaskOptions {
  /** Aborts the signal in the worker; one that does not end by that is ended. */
  signal: AbortSignal;
  /** Is told what the worker logs, and how far it is. */
  facts?: Pick<ContextFacts, 'logger' | 'progress'>;
  transfer?: ArrayBuffer[];
}

/** A worker died under a task, which may have been the deed of a task before it. */
export class WorkerDied extends Error {
  /** How many tasks of other files it had had. */
  readonly served: number;

  constructor(cause: unknown, served: number) {
    super(toError(cause).message, { cause });
    this.served = served;
  }
}

/** How long a worker may take to end by itself once its signal has aborted. */
const GRACE_MS = 1_000;
/** A dead worker is told of by its error first, and by its closed port, which says nothing, soon after. */
const LAST_WORDS_MS = 200;
/** Workers stay until the crew is dismissed: Node's longest timer. */
const FOR_EVER_MS = 2 ** 31 - 1;

/** Runs tasks. */
export class Crew {
  readonly size: number;
  readonly #options: CrewOptions;
  readonly #pool: Tinypool;
  /** The tasks that no worker has begun yet: whom it concerns when a worker dies before its first task. */
  readonly #unbegun = new Set<(error: unknown) => void>();
  #running = 0;
  /** Workers that have done a task and wait for the next. */
  #idle = 0;
  /** Those of them that somebody was promised. */
  #reserved = 0;
  #onEnd: (() => void)[] = [];

  constructor(options: CrewOptions) {
    const { kind, memoryLimitMb } = options;
    this.#options = options;
    this.size = options.size ?? availableParallelism();
    this.#pool = new Tinypool({
      filename: converterWorkerUrl.href,
      name: 'run',
      minThreads: 0,
      maxThreads: this.size,
      idleTimeout: FOR_EVER_MS,
      // Else a thread that waits for its next task stands still, with whatever the converter still has open.
      useAtomics: false,
      ...(kind === 'worker'
        ? { runtime: 'worker_threads' as const, resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb } }
        : {
            runtime: 'child_process' as const,
            serialization: 'advanced' as const,
            env: { ...process.env } as Record<string, string>,
            execArgv: [...process.execArgv, `--max-old-space-size=${memoryLimitMb}`],
          }),
    });
    this.#pool.on('error', (error: unknown) => {
      // One died that had nothing to do, or one that had not begun yet.
      this.#idle = Math.max(0, this.#idle - 1);
      for (const fail of this.#unbegun) fail(error);
    });
  }

  /**
   * Resolves when a worker is free that has loaded what it needs: starting one is no part of a file's time.
   * @param prepare Has one load it.
   */
  async free(prepare: () => Promise<void>): Promise<void> {
    while (this.#running >= this.size) await new Promise<void>(resolve => this.#onEnd.push(resolve));
    if (this.#idle === 0) await prepare();
    // Else two that come at once would count on the same one.
    this.#idle = Math.max(0, this.#idle - 1);
    this.#reserved += 1;
  }

  /**
   * Has a worker do it.
   * @throws WorkerDied; ConverterCrashedError `CONVERTER_MEMORY`; ConverterConfigError when it cannot be sent; the reason
   * of the signal, when the worker had to be ended.
   */
  async run(work: Work, { signal, facts, transfer = [] }: TaskOptions): Promise<Answer> {
    const hard = new AbortController();
    // Until it says otherwise: whoever dies before it begins does not die of this file.
    let served = 1;
    this.#running += 1;
    if (this.#reserved > 0) this.#reserved -= 1;
    else this.#idle = Math.max(0, this.#idle - 1);
    let fail: (error: unknown) => void = () => undefined;
    const died = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const onMessage = (message: Upward): void => {
      if (message.kind === 'begun') {
        this.#unbegun.delete(fail);
        served = message.served;
      } else if (message.kind === 'log') facts?.logger[message.level](message.fields, message.message);
      else facts?.progress?.(message.fraction, message.message);
    };
    let lost: NodeJS.Timeout | undefined;
    const wire = this.#wire(onMessage, () => {
      lost = setTimeout(() => fail(new Error('it ended by itself')), LAST_WORDS_MS);
    });
    let grace: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      wire.send({ kind: 'abort', reason: packError(signal.reason) });
      grace = setTimeout(() => hard.abort(), GRACE_MS);
    };
    this.#unbegun.add(fail);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    try {
      const task: Task = { ...work, recipe: this.#options.recipe, ...(wire.port ? { port: wire.port } : {}) };
      const transferList = [...transfer, ...(wire.port ? [wire.port] : [])];
      const options = { signal: hard.signal, transferList, ...(wire.channel ? { channel: wire.channel } : {}) };
      const answer = await Promise.race([this.#pool.run(task, options) as Promise<Answer>, died]);
      this.#idle += 1;
      return answer;
    } catch (thrown) {
      // Whatever is left of a worker that failed us is not to have another task.
      hard.abort();
      throw signal.aborted ? signal.reason : this.#cause(thrown, served);
    } finally {
      clearTimeout(grace);
      signal.removeEventListener('abort', onAbort);
      this.#unbegun.delete(fail);
      wire.close();
      clearTimeout(lost);
      died.catch(() => undefined);
      this.#running -= 1;
      for (const end of this.#onEnd.splice(0)) end();
    }
  }

  /** Does it once in each worker that there is. */
  async each(work: Work, signal: AbortSignal): Promise<PromiseSettledResult<Answer>[]> {
    return Promise.allSettled(this.#pool.threads.map(() => this.run(work, { signal })));
  }

  /** Ends all workers. */
  async dismiss(): Promise<void> {
    await this.#pool.destroy();
  }

  #wire(onMessage: (message: Upward) => void, onLost: () => void): HostWire {
    return this.#options.kind === 'worker' ? threadWire(onMessage, onLost) : processWire(onMessage);
  }

  #cause(thrown: unknown, served: number): Error {
    const { memoryLimitMb, recipe } = this.#options;
    if ((thrown as Partial<Error>)?.name === 'DataCloneError') {
      const message = `What ${recipe.module} is to be given cannot be sent to a worker: ${toError(thrown).message}`;
      return new ConverterConfigError(message, { cause: thrown });
    }
    if (systemCode(thrown) !== 'ERR_WORKER_OUT_OF_MEMORY') return new WorkerDied(thrown, served);
    const message = `it needed more than ${memoryLimitMb} MB of memory`;
    return new WorkerDied(new ConverterCrashedError(message, { cause: thrown }, 'CONVERTER_MEMORY'), served);
  }
}

/** A worker's death as an error of the converter. */
export function crashOf(name: string, { message, cause }: WorkerDied, kind: IsolationKind): ConverterCrashedError {
  const what = kind === 'worker' ? 'thread' : 'process';
  const code = cause instanceof MillraceError && cause.code === 'CONVERTER_MEMORY' ? cause.code : 'CONVERTER_CRASHED';
  return new ConverterCrashedError(`The ${what} of '${name}' died: ${message}`, { cause }, code);
}

/** What the pool has of a converter that runs in workers: the same face, with nothing behind it but messages. */
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import pLimit from 'p-limit';
import { ConverterConfigError, ConverterTimeoutError } from '../../errors.js';
import { ConverterBase, type ConverterContext, type ValidationResult } from '../converter-base.js';
import type { ConverterResult } from '../converter-result.js';
import { inTurn } from '../run-conversion.js';
import type { ConverterSource } from '../source.js';
import type { ConverterModule, IsolationKind } from './converter-module.js';
import { Crew, crashOf, WorkerDied } from './crew.js';
import type { Answer, Description, OptionalMethod, Recipe, Work } from './messages.js';
import { unpackError } from './packed-error.js';
import { type PackedResult, packResult, unpackResult } from './packed-result.js';
import { packSource } from './packed-source.js';

/** How a converter is isolated. */
export interface Isolation {
  kind: IsolationKind;
  /** Threads or processes at once. */
  size: number | undefined;
  memoryLimitMb: number;
  /** For each call of a hook, in ms. */
  timeoutMs: number;
}

/** How long a module may take to be loaded and to end. */
const LOAD_TIMEOUT_MS = 60_000;
const DISPOSE_TIMEOUT_MS = 5_000;

/** What it is, it knows once {@link describe} has resolved. */
export class IsolatedConverter extends ConverterBase {
  /** From which it was made, to tell whether a reload changes anything. */
  readonly madeFrom: { module: ConverterModule; isolation: Isolation };
  name: string;
  override version = '';
  override priority = 5;
  supportedExtensions: readonly string[] = [];
  override filePatterns: readonly string[] = [];
  override arguments: Record<string, unknown>;
  readonly #recipe: Recipe;
  readonly #slots: ReturnType<typeof pLimit>;
  readonly #crew: Crew;

  constructor(module: ConverterModule, isolation: Isolation) {
    super();
    this.madeFrom = { module, isolation };
    this.arguments = module.arguments ?? {};
    this.#recipe = recipeOf(module);
    this.name = module.name ?? `${this.#recipe.module}#${this.#recipe.export ?? 'default'}`;
    this.#crew = new Crew({ ...isolation, recipe: this.#recipe });
    this.#slots = pLimit(this.#crew.size);
  }

  /**
   * Loads the module in a worker of its own, which ends again, and takes over what it says of itself.
   * @throws ConverterConfigError when it cannot be loaded or is no converter that can be isolated.
   */
  async describe(): Promise<void> {
    if (this.version !== '') return;
    const crew = new Crew({ ...this.madeFrom.isolation, recipe: this.#recipe, size: 1 });
    try {
      const answer = await crew.run({ kind: 'describe' }, { signal: AbortSignal.timeout(LOAD_TIMEOUT_MS) });
      const { methods, ...facts } = resultOf(answer) as Description;
      Object.assign(this, facts);
      for (const method of methods) this.#offer(method);
    } catch (thrown) {
      if (thrown instanceof ConverterConfigError) throw thrown;
      const message = `${this.#recipe.module}: the module cannot be loaded in a worker: ${(thrown as Error).message}`;
      throw new ConverterConfigError(message, { cause: thrown });
    } finally {
      await crew.dismiss();
    }
  }

  override async initialize(): Promise<void> {
    await this[inTurn](async () => undefined);
  }

  async convert(source: ConverterSource, context: ConverterContext): Promise<ConverterResult<object>> {
    return unpackResult((await this.#ask('convert', source, context)) as PackedResult) as ConverterResult<object>;
  }

  override async dispose(): Promise<void> {
    const answers = await this.#crew.each({ kind: 'dispose' }, AbortSignal.timeout(DISPOSE_TIMEOUT_MS));
    await this.#crew.dismiss();
    for (const answer of answers) if (answer.status === 'fulfilled') resultOf(answer.value);
  }

  /** See {@link inTurn}: one conversion for each worker. */
  async [inTurn]<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      void this.#slots(async () => {
        try {
          // A conversion that ran out of time may still have its worker for a moment.
          await this.#crew.free(async () => void resultOf(await this.#once({ kind: 'initialize' }, LOAD_TIMEOUT_MS)));
          resolve(await work());
        } catch (thrown) {
          reject(thrown);
        }
      });
    });
  }

  #offer(method: OptionalMethod): void {
    if (method === 'validate') {
      this.validate = async (source, context) => (await this.#ask('validate', source, context)) as ValidationResult;
    } else {
      this[method] = (source, result, context) => this.#hook(method, source, result, context);
    }
  }

  /** Has a worker validate or convert. A worker that dies under it may have been killed by another file: then a new one tries it. */
  async #ask(kind: 'validate' | 'convert', source: ConverterSource, context: ConverterContext): Promise<unknown> {
    for (let again = true; ; again = false) {
      try {
        const transfer: ArrayBuffer[] = [];
        const packed = await packSource(source, this.madeFrom.isolation.kind === 'worker' ? transfer : undefined);
        const work: Work = { kind, source: packed, facts: factsOf(context) };
        return resultOf(await this.#crew.run(work, { signal: context.signal, facts: context, transfer }));
      } catch (thrown) {
        if (!(thrown instanceof WorkerDied)) throw thrown;
        if (!again || thrown.served === 0) throw crashOf(this.name, thrown, this.madeFrom.isolation.kind);
        const fields = { converter: this.name, err: thrown };
        context.logger.warn(fields, 'A worker died that had had other files: the file is given to another one');
      }
    }
  }

  async #hook(
    kind: 'onSuccess' | 'onFailure',
    source: ConverterSource,
    result: ConverterResult<object>,
    context: ConverterContext,
  ): Promise<void> {
    // Hooks seldom look at the content: it is read from the disk where they do.
    const packed = await packSource(source);
    const work: Work = { kind, source: packed, facts: factsOf(context), result: packResult(result) };
    const { timeoutMs } = this.madeFrom.isolation;
    await this[inTurn](async () => resultOf(await this.#once(work, timeoutMs, context)));
  }

  async #once(work: Work, timeoutMs: number, context?: ConverterContext): Promise<Answer> {
    const abort = new AbortController();
    const error = new ConverterTimeoutError(`${work.kind} of '${this.name}' took longer than ${timeoutMs} ms`);
    const timer = setTimeout(() => abort.abort(error), timeoutMs);
    const signal = context ? AbortSignal.any([abort.signal, context.signal]) : abort.signal;
    try {
      return await this.#crew.run(work, { signal, ...(context ? { facts: context } : {}) });
    } catch (thrown) {
      throw thrown instanceof WorkerDied ? crashOf(this.name, thrown, this.madeFrom.isolation.kind) : thrown;
    } finally {
      clearTimeout(timer);
    }
  }
}

function resultOf(answer: Answer): unknown {
  if (answer.kind === 'threw') throw unpackError(answer.error);
  return answer.value;
}

function factsOf(context: ConverterContext) {
  const { arguments: args, attempt, correlationId, stationName, folders } = context;
  return { arguments: args, attempt, correlationId, stationName, folders };
}

function recipeOf({ module, export: exported, arguments: args = {}, name }: ConverterModule): Recipe {
  const text = String(module);
  const url = isAbsolute(text) ? pathToFileURL(text).href : text;
  return { module: url, export: exported, arguments: args, name };
}

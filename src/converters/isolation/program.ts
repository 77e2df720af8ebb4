/** What a worker does: it makes the converter once, and does one task after the other with it. */
import { ConverterConfigError, toError } from '../../errors.js';
import { nodeFileSystem } from '../../files/file-system.js';
import type { Logger } from '../../observe/logger.js';
import { ConverterBase, type ConverterContext } from '../converter-base.js';
import { FolderConverter } from '../folder-converter.js';
import { type AnyConverter, makeContext, toResult } from '../run-conversion.js';
import { ScheduledConverter } from '../scheduled-converter.js';
import { type Answer, type Description, OPTIONAL_METHODS, type Recipe, type Task } from './messages.js';
import { packError, unpackError } from './packed-error.js';
import { packResult, unpackResult } from './packed-result.js';
import { unpackSource } from './packed-source.js';
import { type WorkerWire, workerWire } from './wire.js';

interface Made {
  converter: AnyConverter;
  /** Begins when somebody needs it, and happens once. */
  initialized?: Promise<void>;
}

let made: Promise<Made> | undefined;
/** How many files this worker has had. */
let served = 0;

/** Does a task. Never rejects. */
export async function run(task: Task): Promise<Answer> {
  const abort = new AbortController();
  const wire = workerWire(task.port, ({ reason }) => abort.abort(unpackError(reason)));
  try {
    wire.send({ kind: 'begun', served });
    const value = await perform(task, wire, abort.signal);
    // A promise that nobody waits for and that has already failed is this file's doing, and not that of the next.
    await new Promise(setImmediate);
    return value === undefined ? { kind: 'done' } : { kind: 'done', value };
  } catch (thrown) {
    return { kind: 'threw', error: packError(thrown) };
  } finally {
    if ('source' in task) served += 1;
    wire.close();
  }
}

async function perform(
  task: Task,
  wire: WorkerWire,
  signal: AbortSignal,
): Promise<(Answer & { kind: 'done' })['value']> {
  made ??= make(task.recipe);
  const one = await made;
  const { converter } = one;
  if (task.kind === 'describe') return describe(converter);
  if (task.kind === 'dispose') return void (one.initialized && (await converter.dispose?.()));
  one.initialized ??= (async () => converter.initialize?.())();
  await one.initialized;
  if (task.kind === 'initialize') return undefined;
  const source = unpackSource(task.source, nodeFileSystem);
  const context: ConverterContext = makeContext(
    {
      ...task.facts,
      logger: remoteLogger(wire),
      progress: (fraction, message) =>
        wire.send({ kind: 'progress', fraction, ...(message === undefined ? {} : { message }) }),
    },
    signal,
  );
  switch (task.kind) {
    case 'validate':
      return plain(await converter.validate?.(source, context));
    case 'convert':
      return packResult(toResult(converter, await converter.convert(source, context)));
    default:
      await converter[task.kind]?.(source, unpackResult(task.result), context);
      return undefined;
  }
}

async function make(recipe: Recipe): Promise<Made> {
  const wrong = (why: string, cause?: unknown): ConverterConfigError =>
    new ConverterConfigError(`${recipe.module}: ${why}`, cause === undefined ? {} : { cause });
  const exports = await import(recipe.module).catch((thrown: unknown) => {
    throw wrong(`the module cannot be loaded: ${toError(thrown).message}`, thrown);
  });
  const exported = chooseExport(exports as Record<string, unknown>, recipe.export);
  let converter: unknown = exported;
  if (typeof exported === 'function') {
    try {
      converter = Reflect.construct(exported, [recipe.arguments]);
    } catch (thrown) {
      throw wrong(`'${recipe.export ?? 'default'}' cannot be constructed: ${toError(thrown).message}`, thrown);
    }
  }
  if (!(converter instanceof ConverterBase)) {
    const there = Object.keys(exports as object).join(', ') || 'nothing';
    throw wrong(`its export '${recipe.export ?? 'default'}' is no converter of this millrace; it exports ${there}`);
  }
  if (converter instanceof FolderConverter) throw wrong('converters of folders cannot run in a worker');
  if (converter instanceof ScheduledConverter) throw wrong('converters that pull cannot run in a worker');
  if (converter.matchesFile !== ConverterBase.prototype.matchesFile) {
    throw wrong('matchesFile is its own, and a pool cannot ask a worker; use supportedExtensions and filePatterns');
  }
  if (recipe.name !== undefined) Object.defineProperty(converter, 'name', { value: recipe.name });
  return { converter: converter as AnyConverter };
}

function chooseExport(exports: Record<string, unknown>, name: string | undefined): unknown {
  if (name !== undefined || exports.default !== undefined) return exports[name ?? 'default'];
  const converters = Object.values(exports).filter(
    one => one instanceof ConverterBase || (typeof one === 'function' && one.prototype instanceof ConverterBase),
  );
  return converters.length === 1 ? converters[0] : undefined;
}

function describe(converter: AnyConverter): Description {
  const { name, version, priority, supportedExtensions, filePatterns } = converter;
  return plain({
    name,
    version,
    priority,
    supportedExtensions,
    filePatterns,
    arguments: converter.arguments as Record<string, unknown>,
    methods: OPTIONAL_METHODS.filter(method => converter[method] !== undefined),
  });
}

function remoteLogger(wire: WorkerWire): Logger {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error'): Logger['info'] =>
    (fields, message) =>
      wire.send({ kind: 'log', level, fields: loggable(fields), message: String(message) });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** What can be sent of the fields of a log line; a line is not to end a conversion. */
function loggable(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields ?? {}).map(([key, value]) => {
      if (value instanceof Error) return [key, { type: value.name, message: value.message, stack: value.stack }];
      try {
        return [key, plain(value)];
      } catch {
        return [key, String(value)];
      }
    }),
  );
}

function plain<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}

/** From the `class_name` of a configuration file to a converter. */
import { ConverterBase } from '../converters/converter-base.js';
import type { ConverterModule } from '../converters/isolation/converter-module.js';
import type { AnyConverter } from '../converters/run-conversion.js';
import { ConfigError, toError } from '../errors.js';
import { nearest } from '../nearest.js';
import { type FoundModule, findModule } from './find-module.js';

/** What a file says of a converter. */
export interface ConverterDescription {
  name: string | undefined;
  modulePath: string;
  className: string | undefined;
  arguments: Record<string, unknown>;
}

/** What is wrong, and with which key. */
export interface MakingProblem {
  key: 'modulePath' | 'className' | 'name' | `arguments${string}`;
  message: string;
  hint?: string;
}

type Exports = Readonly<Record<string, unknown>>;

/** Imports and constructs it. Never rejects: what the module or the constructor throws is a problem of the file. */
export async function makeConverter(
  description: ConverterDescription,
  baseDir: string,
): Promise<AnyConverter | MakingProblem[]> {
  const { modulePath, className, name } = description;
  let found: FoundModule;
  let exports: Exports;
  try {
    const sought = await findModule(modulePath, baseDir);
    if (!('url' in sought)) return [noSuchModule(modulePath, sought)];
    found = sought;
    exports = (await import(freshUrl(found))) as Exports;
  } catch (thrown) {
    return [{ key: 'modulePath', message: `the module '${modulePath}' cannot be loaded: ${toError(thrown).message}` }];
  }
  const wanted = className ?? found.exportName;
  const chosen = choose(exports, wanted);
  if (chosen === undefined) return [noSuchExport(exports, wanted, modulePath)];
  if (chosen instanceof ConverterBase) return named(chosen, description);
  try {
    const made = new (chosen as ConverterClass)(description.arguments);
    // It is named by the file: two folders may have a converter of one class each.
    if (name !== undefined)
      Object.defineProperty(made, 'name', { value: name, enumerable: true, configurable: true, writable: true });
    return made;
  } catch (thrown) {
    return constructionProblems(thrown, wanted ?? 'default');
  }
}

/** Finds it and leaves it to workers to import and construct it. Never rejects. */
export async function findConverter(
  { modulePath, className, name, arguments: args }: ConverterDescription,
  baseDir: string,
): Promise<ConverterModule | MakingProblem[]> {
  try {
    const found = await findModule(modulePath, baseDir);
    if (!('url' in found)) return [noSuchModule(modulePath, found)];
    const exported = className ?? found.exportName;
    return {
      module: freshUrl(found),
      ...(exported === undefined ? {} : { export: exported }),
      arguments: args,
      ...(name === undefined ? {} : { name }),
    };
  } catch (thrown) {
    return [{ key: 'modulePath', message: `the module '${modulePath}' cannot be found: ${toError(thrown).message}` }];
  }
}

type ConverterClass = new (args: Record<string, unknown>) => AnyConverter;

/** A ready instance cannot be made anew, so the file cannot change it. */
function named(
  converter: AnyConverter,
  { name, arguments: args }: ConverterDescription,
): AnyConverter | MakingProblem[] {
  if (name !== undefined && name !== converter.name) {
    const message = `the module exports an instance with the name '${converter.name}'`;
    return [{ key: 'name', message, hint: 'Use that name, or export the class.' }];
  }
  if (Object.keys(args).length > 0) {
    const hint = 'Export the class, so that it can be made with what the file says.';
    return [{ key: 'arguments', message: 'the module exports an instance, which takes no arguments', hint }];
  }
  return converter;
}

function choose(exports: Exports, wanted: string | undefined): unknown {
  if (wanted !== undefined) return isConverter(exports[wanted]) ? exports[wanted] : undefined;
  if (isConverter(exports.default)) return exports.default;
  const converters = Object.values(exports).filter(isConverter);
  return converters.length === 1 ? converters[0] : undefined;
}

function noSuchModule(modulePath: string, places: readonly string[]): MakingProblem {
  const hint = `Looked for ${places.join(', ')} (also with .mjs, .js, .cjs) and for a package of that name.`;
  return { key: 'modulePath', message: `there is no module '${modulePath}'`, hint };
}

function noSuchExport(exports: Exports, wanted: string | undefined, modulePath: string): MakingProblem {
  const names = Object.keys(exports).filter(name => isConverter(exports[name]));
  const known =
    names.length > 0 ? `It exports ${names.join(', ')}.` : 'It exports no class that extends ConverterBase.';
  if (wanted === undefined) {
    return { key: 'modulePath', message: `'${modulePath}' has no default export that is a converter`, hint: known };
  }
  const why = wanted in exports ? 'is no class that extends ConverterBase' : 'is not exported';
  const meant = nearest(wanted, names);
  const hint = meant === undefined ? known : `Did you mean '${meant}'?`;
  return { key: 'className', message: `'${wanted}' ${why} by '${modulePath}'`, hint };
}

function constructionProblems(thrown: unknown, className: string): MakingProblem[] {
  if (thrown instanceof ConfigError) {
    return thrown.problems.map(({ path, message, hint }) => ({
      key: `arguments.${path}`,
      message,
      ...(hint === undefined ? {} : { hint }),
    }));
  }
  return [{ key: 'arguments', message: `'${className}' cannot be made with them: ${toError(thrown).message}` }];
}

function isConverter(value: unknown): boolean {
  if (value instanceof ConverterBase) return true;
  return typeof value === 'function' && value.prototype instanceof ConverterBase;
}

/** How each module looked when it was first imported here. */
const known = new Map<string, string>();

/**
 * The address under which a module is imported: its own, which it shares with the rest of the program, until its file
 * changes. Then it is loaded anew, so that a reload takes the new code; modules that it imports itself are not.
 */
function freshUrl({ url, stat }: FoundModule): string {
  const look = `${stat.mtimeMs}-${stat.size}`;
  const first = known.get(url);
  if (first === undefined) known.set(url, look);
  return first === undefined || first === look ? url : `${url}?changed=${look}`;
}

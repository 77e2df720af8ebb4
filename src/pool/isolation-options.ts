/** Where the converters of a pool run: in this thread, or behind stand-ins for workers. */
import { isAbsolute } from 'node:path';
import { ConverterBase } from '../converters/converter-base.js';
import { isConverterModule } from '../converters/isolation/converter-module.js';
import { IsolatedConverter } from '../converters/isolation/isolated-converter.js';
import type { AnyConverter } from '../converters/run-conversion.js';
import type { ConverterOptions } from './pool-options.js';

/** Options of one converter about where it runs. */
export interface IsolationOptions {
  /**
   * Where conversions run: in this thread, in threads of their own ('worker'), or in processes of their own ('process').
   * A native abort or segmentation fault ends the host with 'worker', since threads share its memory; only 'process' contains
   * it. With 'worker' and 'process', `converter` is given as a module. Default 'none'.
   */
  isolation?: 'none' | 'worker' | 'process';
  /** How many workers the converter may have at once. Default: as many as there are cores. */
  workers?: number;
  /** A worker whose JavaScript heap needs more than this is ended, in MB. Default 512. */
  memoryLimitMb?: number;
}

/** Options whose converter is an object: the user's, or one that stands in for workers. */
export type MadeOptions = Omit<ConverterOptions, 'converter'> & { converter: AnyConverter };

const DEFAULT_MEMORY_MB = 512;
const DEFAULT_TIMEOUT_MS = 300_000;

/** What is wrong about where a converter is to run, by option. */
export function isolationProblems({
  converter,
  isolation = 'none',
}: ConverterOptions): [key: string, message: string][] {
  if (isConverterModule(converter)) {
    const { module, export: exported, name } = converter;
    const problems: [string, string][] = [];
    if (isolation === 'none')
      problems.push(['isolation', "must be 'worker' or 'process' for a converter that is given as a module"]);
    if (typeof module === 'string' && !isAbsolute(module) && /^(\.|$)/.test(module))
      problems.push(['converter.module', 'must be an absolute path, a file: URL or the name of a package']);
    for (const [key, value] of Object.entries({ export: exported, name })) {
      if (value !== undefined && (typeof value !== 'string' || value === ''))
        problems.push([`converter.${key}`, 'must be a text that is not empty']);
    }
    return problems;
  }
  if (!(converter instanceof ConverterBase))
    return [
      ['converter', 'must be an instance of a class that extends ConverterBase, or { module, export, arguments }'],
    ];
  if (isolation !== 'none' && !(converter instanceof IsolatedConverter))
    return [['converter', `must be given as { module, export, arguments } for isolation '${isolation}'`]];
  return [];
}

/** Puts a stand-in in the place of a converter that is given as a module. One that is there already stays. */
export function withStandIn(options: ConverterOptions): MadeOptions {
  const { converter, isolation, workers, memoryLimitMb = DEFAULT_MEMORY_MB, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  if (!isConverterModule(converter)) return { ...options, converter };
  const kind = isolation === 'process' ? 'process' : 'worker';
  return { ...options, converter: new IsolatedConverter(converter, { kind, size: workers, memoryLimitMb, timeoutMs }) };
}

/** Has the stand-ins among them learn what they stand for. @throws ConverterConfigError when a module cannot be loaded. */
export async function describeAll(converters: Iterable<AnyConverter>): Promise<void> {
  for (const converter of converters) if (converter instanceof IsolatedConverter) await converter.describe();
}

/** From checked values to the converters of a pool. */
import { dirname, join } from 'node:path';
import type { RetentionPolicy } from '../archive/index.js';
import { ScheduledConverter } from '../converters/scheduled-converter.js';
import { ConfigError } from '../errors.js';
import { isInside } from '../files/names.js';
import type { ConverterOptions } from '../pool/pool-options.js';
import { resolveEntries } from '../pool/resolve-options.js';
import { LIMITS } from './archive-fields.js';
import { buildShadow } from './build-shadow.js';
import { type Checking, problemAt } from './check.js';
import type { Path } from './document.js';
import { findConverter, makeConverter } from './make-converter.js';
import { isWrong, writtenAt } from './places.js';

type Values = Readonly<Record<string, unknown>>;

/** A converter of the file. */
export interface Built {
  /** In the list of the file. */
  index: number;
  options: ConverterOptions;
  /** Of its archive, where it has any of its own. */
  limits: Pick<RetentionPolicy, 'retentionDays' | 'maxSizeGb'>;
}

/** Makes those that are enabled. */
export async function buildConverters(checking: Checking, file: Values): Promise<Built[]> {
  const made: Built[] = [];
  for (const [index, own] of ((file.converters ?? []) as Values[]).entries()) {
    const all = { ...(file.defaults as Values | undefined), ...own };
    // Perhaps it is off because its module is not there.
    if (all.enabled === false) continue;
    const { limits, rest } = splitLimits(withFolders(checking, all, file.converterBasePath, index));
    const options = await buildConverter(checking, rest, index);
    if (options) made.push({ index, options, limits });
  }
  checkTogether(checking, made);
  return made;
}

function splitLimits(values: Values): { limits: Built['limits']; rest: Values } {
  const isLimit = ([key]: [string, unknown]): boolean => Object.hasOwn(LIMITS, key);
  const entries = Object.entries(values);
  return {
    limits: Object.fromEntries(entries.filter(isLimit)),
    rest: Object.fromEntries(entries.filter(entry => !isLimit(entry))),
  };
}

async function buildConverter(
  checking: Checking,
  values: Values,
  index: number,
): Promise<ConverterOptions | undefined> {
  const { name, modulePath, className, enabled: _, shadow: candidate, ...options } = values;
  const at = (key: string): Path => ['converters', index, ...key.split('.')];
  const wrong = (key: string, message: string, hint?: string): void =>
    problemAt(checking, writtenAt(checking, at(key)), message, hint);
  const needsFolder = (): void => {
    if (options.watchFolder === undefined && !isWrong(checking, at('watchFolder')) && !isWrong(checking, at('name')))
      wrong('watchFolder', 'is required', 'Give the folder that is watched, or a converter_base_path and a name.');
  };
  if (modulePath === undefined) {
    if (!isWrong(checking, at('modulePath')))
      wrong('modulePath', 'is required', 'Give the path of the ES module that exports the converter.');
    needsFolder();
    return undefined;
  }
  const description = {
    name: name as string | undefined,
    arguments: (options.arguments ?? {}) as Record<string, unknown>,
  };
  const isolated = options.isolation === 'worker' || options.isolation === 'process';
  const made = await (isolated ? findConverter : makeConverter)(
    { ...description, modulePath: modulePath as string, className: className as string | undefined },
    checking.baseDir,
  );
  const shadow = candidate && (await buildShadow(checking, candidate as Values, description, at('shadow')));
  // One that pulls has a folder of its own.
  if (!(made instanceof ScheduledConverter)) needsFolder();
  if (!Array.isArray(made)) {
    const isComplete = options.watchFolder !== undefined || made instanceof ScheduledConverter;
    const all = { ...options, ...(shadow ? { shadow } : {}), converter: made };
    return isComplete ? (all as ConverterOptions) : undefined;
  }
  for (const { key, message, hint } of made) wrong(key, message, hint);
  return undefined;
}

/** `{base}/{name}/watch`, from which the pool takes the other three. */
function withFolders(checking: Checking, values: Values, base: unknown, index: number): Values {
  if (values.watchFolder !== undefined || typeof base !== 'string' || typeof values.name !== 'string') return values;
  const watchFolder = join(base, values.name, 'watch');
  if (dirname(dirname(watchFolder)) === base && isInside(base, watchFolder)) return { ...values, watchFolder };
  const at = writtenAt(checking, ['converters', index, 'name']);
  problemAt(checking, at, 'cannot be the name of a folder', 'Give this converter a watch_folder of its own.');
  return values;
}

/** What only shows when all of them are known: names that stand twice, folders that get in each other's way. */
function checkTogether(checking: Checking, made: readonly Built[]): void {
  try {
    // Where the pool keeps its own data has no part in this.
    resolveEntries(
      made.map(({ options }) => options),
      '',
    );
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    for (const { path, message } of thrown.problems) {
      const [, position = '', key = ''] = /^converters\[(\d+)\]\.(.*)$/.exec(path) ?? [];
      const index = made[Number(position)]?.index ?? 0;
      const canonical = ['converters', index, ...key.replace(/^converter\./, '').split('.')];
      if (!isWrong(checking, canonical)) problemAt(checking, writtenAt(checking, canonical), message);
    }
  }
}

/** From checked values to the archive of a pool and its retention, also where only converters speak of them. */
import { join } from 'node:path';
import { ArchiveStorage, RetentionEngine, type RetentionPolicy } from '../archive/index.js';
import type { Logger } from '../observe/logger.js';
import type { ConverterOptions, PoolOptions } from '../pool/pool-options.js';
import { madeFrom } from '../pool/reload.js';
import type { Built } from './build-converters.js';
import { type Checking, problemAt } from './check.js';
import { attempt, writtenAt } from './places.js';

type Values = Readonly<Record<string, unknown>>;

/** What the pool gets, with the converters as they are with it. */
export type BuiltArchive = Pick<PoolOptions, 'archive' | 'retention'> & { converters: ConverterOptions[] };

/**
 * The archive of the file's `archive` section. Without one, converters that name a folder of their own, or say that they
 * want to be archived, have one all the same, and nobody else has: the pool's, where it is the same for all of them.
 */
export function buildArchive(
  checking: Checking,
  file: Values & { dataDir: string },
  built: readonly Built[],
  logger: Logger | undefined,
): BuiltArchive {
  const given = file.archive as Values | undefined;
  const { directory, converters } = given ? { directory: undefined, converters: built } : hoisted(built);
  const settings = given ?? (directory === undefined ? undefined : { directory: directory || undefined });
  const policies = policiesOf(checking, file, converters, settings !== undefined);
  for (const { index, options: one } of converters) {
    if (one.postProcess !== 'archive' || (one.archive !== false && one.archiveSourceFiles !== false)) continue;
    const at = writtenAt(checking, ['converters', index, 'postProcess']);
    problemAt(checking, at, "'archive' needs the source in an archive, and this converter has that switched off");
  }
  const options = { converters: converters.map(one => one.options) };
  if (!settings) {
    if (file.retention) problemAt(checking, writtenAt(checking, ['retention']), 'needs an archive section');
    return options;
  }
  const place = (settings.directory as string | undefined) ?? join(file.dataDir, 'archive');
  const log = logger ? { logger } : {};
  const archive = attempt(checking, 'archive', () => new ArchiveStorage({ ...settings, directory: place, ...log }));
  if (!archive) return options;
  madeFrom(archive, { ...settings, directory: place });
  const rules = file.retention as Values | undefined;
  if (!rules && policies.length === 0) return { ...options, archive };
  const retention = attempt(checking, 'retention', () => new RetentionEngine({ archive, ...rules, policies, ...log }));
  return { ...options, archive, ...(retention ? { retention: madeFrom(retention, { rules, policies }) } : {}) };
}

/** The one folder of all that are to be archived, for the pool; `''` is its default. */
function hoisted(built: readonly Built[]): { directory: string | undefined; converters: readonly Built[] } {
  const wants = ({ options }: Built): boolean =>
    options.archive ?? (options.archiveFolder !== undefined || options.postProcess === 'archive');
  const folders = new Set(built.filter(wants).map(({ options }) => options.archiveFolder ?? ''));
  const directory = folders.size === 1 ? [...folders][0] : folders.has('') ? '' : undefined;
  const converters = built.map(one => {
    const { archiveFolder, ...options } = one.options;
    if (!wants(one)) return { ...one, options: { ...options, archive: false } };
    return archiveFolder === undefined || folders.size === 1 ? { ...one, options } : one;
  });
  return { directory, converters: folders.size === 0 ? built : converters };
}

/** Those of the file's `retention` section, and the limits of converters. */
function policiesOf(checking: Checking, file: Values, converters: readonly Built[], there: boolean): RetentionPolicy[] {
  const policies = [...(((file.retention as Values | undefined)?.policies ?? []) as RetentionPolicy[])];
  const named = new Set(policies.map(({ converterName }) => converterName));
  for (const { index, limits, options } of converters) {
    const [first] = Object.keys(limits);
    if (first === undefined || options.archive === false) continue;
    const at = writtenAt(checking, ['converters', index, first]);
    const { name } = options.converter;
    if (!there || options.archiveFolder !== undefined) {
      const hint = 'Give an archive section, or the same archive_folder to all converters that are archived.';
      problemAt(checking, at, 'limits the archive of the pool, and this converter has no part in it', hint);
    } else if (name === undefined) {
      // What its module calls it is known to its workers alone.
      problemAt(checking, at, 'needs the name of the converter', 'Give this converter a name.');
    } else if (named.has(name)) {
      problemAt(checking, at, `'${name}' has a policy under retention as well`, 'Keep one of the two.');
    } else {
      policies.push({ converterName: name, ...limits });
    }
  }
  return policies;
}

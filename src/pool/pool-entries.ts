/** What a pool's converters are made of: checked options, and what converters in workers say of themselves. */
import { ConfigError } from '../errors.js';
import { archivesMissing } from './archive-options.js';
import type { ConverterEntry } from './converter-entry.js';
import { describeAll } from './isolation-options.js';
import type { ConverterOptions } from './pool-options.js';
import { type ResolvedPoolOptions, resolveEntries } from './resolve-options.js';

/** Entries from options, those of `added` last. @throws ConfigError naming every problem. */
export function entriesOf(
  { dataDir, archive }: ResolvedPoolOptions,
  converters: readonly ConverterOptions[],
  added?: ConverterOptions,
): readonly ConverterEntry[] {
  const entries = resolveEntries(converters, dataDir, added);
  const problems = archivesMissing(entries, archive);
  if (problems.length > 0) throw new ConfigError(problems);
  return entries;
}

/** What converters in workers are, is known once one has loaded them: their names, versions and files. */
export async function described(entries: readonly ConverterEntry[]): Promise<ConverterOptions[]> {
  await describeAll(entries.map(entry => entry.converter));
  return entries.map(entry => entry.given);
}

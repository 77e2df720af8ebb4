/** Checks the options of a retention engine. */
import { ConfigError, type ConfigProblem } from '../../errors.js';
import type { CompleteOptions } from './opened.js';
import { type CompletePolicy, completePolicy } from './policy.js';

const NUMBERS: readonly [key: 'gracePeriodMs' | 'maxPerSecond' | 'chunkSize' | 'reserveBytes', min: number][] = [
  ['gracePeriodMs', 0],
  ['maxPerSecond', 1],
  ['chunkSize', 1],
  ['reserveBytes', 0],
];

/** @returns The policies, checked and complete. @throws ConfigError naming every problem at once. */
export function checkOptions(options: CompleteOptions): CompletePolicy[] {
  const problems: ConfigProblem[] = [];
  if (typeof options.archive !== 'object' || options.archive === null)
    problems.push({ path: 'archive', message: 'must be an ArchiveStorage' });
  for (const [key, min] of NUMBERS) {
    if (!(typeof options[key] === 'number' && options[key] >= min))
      problems.push({ path: key, message: `must be a number from ${min}, not ${String(options[key])}` });
  }
  const names = new Set<string>();
  const policies = (options.policies ?? []).flatMap((policy, index) => {
    const path = `policies[${index}]`;
    try {
      const complete = completePolicy(policy, path);
      const { converterName } = complete;
      if (names.has(converterName)) problems.push({ path, message: `is a second one for '${converterName}'` });
      names.add(converterName);
      return [complete];
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown;
      problems.push(...thrown.problems);
      return [];
    }
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return policies;
}

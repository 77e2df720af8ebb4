/** Retention policies: what may be asked for, what is refused, and which one holds for a converter. */
import { ConfigError, type ConfigProblem } from '../../errors.js';

/** The name under which the policy of all converters without one of their own is kept. */
export const DEFAULT_POLICY = '*';

/** How long the sources of one converter are kept. Entries that a rule spares (see `mayPurge`) stay in any case. */
export interface RetentionPolicy {
  /** The converter, or `*`, which is the default, for every converter that has no policy of its own. */
  converterName?: string;
  /** Entries older than so many days are purged; fractions are allowed, `Infinity` switches the rule off. Default 90. */
  retentionDays?: number;
  /** While its entries take more than so many GiB, the oldest are purged; `Infinity` switches the rule off. Default 10. */
  maxSizeGb?: number;
  /** While the archive's disk has fewer free bytes, the oldest entries are purged. Default 0, which is off. */
  minFreeBytes?: number;
  /** So many of the newest entries stay, whatever the rules say. Default 0. */
  keepLast?: number;
  /** How hard new sources of the converter are compressed, 1 to 9. Default 6, which is: as the archive says. */
  compressionLevel?: number;
  /** When false, nothing of the converter is purged. Default true. */
  enabled?: boolean;
  /** Must be true where a policy leaves nothing that is delivered: the second time that it is asked for. Default false. */
  purgeEverything?: boolean;
}

/** A policy with every default filled in. */
export type CompletePolicy = Required<RetentionPolicy>;

const DEFAULTS: CompletePolicy = {
  converterName: DEFAULT_POLICY,
  retentionDays: 90,
  maxSizeGb: 10,
  minFreeBytes: 0,
  keepLast: 0,
  compressionLevel: 6,
  enabled: true,
  purgeEverything: false,
};

/** What holds where nothing was said: 90 days, 10 GiB. */
export const BUILT_IN_POLICY: CompletePolicy = DEFAULTS;

const GIB = 1024 ** 3;
const RULES = ['retentionDays', 'maxSizeGb', 'minFreeBytes', 'keepLast', 'compressionLevel', 'enabled'] as const;
const NUMBERS = ['retentionDays', 'maxSizeGb', 'minFreeBytes', 'keepLast'] as const;
const KNOWN: ReadonlySet<string> = new Set(['converterName', 'purgeEverything', ...RULES]);

/** The size limit in bytes. */
export function maxBytes(policy: CompletePolicy): number {
  return policy.maxSizeGb * GIB;
}

/**
 * A policy, checked and complete.
 * @param path Where it stands in the configuration, for the problems.
 * @throws ConfigError naming every problem: unknown or wrong fields, a policy that says nothing, one that contradicts
 * itself, and one that would purge everything without `purgeEverything: true`.
 */
export function completePolicy(policy: RetentionPolicy, path = 'policy'): CompletePolicy {
  const problems: ConfigProblem[] = [];
  if (typeof policy !== 'object' || policy === null) throw new ConfigError([{ path, message: 'must be an object' }]);
  const complete = { ...DEFAULTS, ...withoutUndefined(policy) };
  for (const [key, message] of [...wrongFields(policy, complete), ...contradictions(policy, complete)]) {
    problems.push({ path: key === '' ? path : `${path}.${key}`, message });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return complete;
}

/** The policy of a converter: its own, the default that was set, or the built-in one. */
export function policyFor(policies: ReadonlyMap<string, CompletePolicy>, converterName: string): CompletePolicy {
  const policy = policies.get(converterName) ?? policies.get(DEFAULT_POLICY) ?? BUILT_IN_POLICY;
  return { ...policy, converterName };
}

/** @throws ConfigError when the disk could never have so much free space: the rule would purge everything, for ever. */
export function checkAgainstDisk(policy: CompletePolicy, volumeBytes: number, path = 'policy'): void {
  if (policy.minFreeBytes < volumeBytes || policy.minFreeBytes === 0 || policy.purgeEverything) return;
  throw new ConfigError([
    {
      path: `${path}.minFreeBytes`,
      message: `is ${policy.minFreeBytes} and the whole disk has ${volumeBytes} bytes: every delivered entry of '${policy.converterName}' would be purged`,
    },
  ]);
}

function* wrongFields(policy: RetentionPolicy, complete: CompletePolicy): Generator<[key: string, message: string]> {
  for (const key of Object.keys(policy)) if (!KNOWN.has(key)) yield [key, 'is not a field of a retention policy'];
  if (typeof complete.converterName !== 'string' || complete.converterName === '')
    yield ['converterName', `must be the name of a converter, or '${DEFAULT_POLICY}' for all others`];
  for (const key of NUMBERS) {
    const value: unknown = complete[key];
    if (typeof value !== 'number' || !(value >= 0)) yield [key, `must be a number from 0, not ${String(value)}`];
  }
  for (const key of ['minFreeBytes', 'keepLast'] as const) {
    if (!Number.isInteger(complete[key])) yield [key, 'must be a whole number'];
  }
  const level: unknown = complete.compressionLevel;
  if (!(Number.isInteger(level) && (level as number) >= 1 && (level as number) <= 9))
    yield ['compressionLevel', 'must be a whole number from 1 to 9'];
  for (const key of ['enabled', 'purgeEverything'] as const) {
    if (typeof complete[key] !== 'boolean') yield [key, 'must be true or false'];
  }
}

function* contradictions(policy: RetentionPolicy, complete: CompletePolicy): Generator<[key: string, message: string]> {
  const { retentionDays, maxSizeGb, minFreeBytes, keepLast, enabled, purgeEverything } = complete;
  if (!RULES.some(key => policy[key] !== undefined)) {
    yield ['', 'says nothing: give at least one rule, such as retentionDays'];
    return;
  }
  const idle = retentionDays === Number.POSITIVE_INFINITY && maxSizeGb === Number.POSITIVE_INFINITY;
  if (enabled && idle && minFreeBytes === 0)
    yield ['', 'is enabled and could never purge anything: set enabled to false, or give a rule'];
  const everything = enabled && keepLast === 0 && (retentionDays === 0 || maxSizeGb === 0);
  const limit = retentionDays === 0 ? 'retentionDays' : 'maxSizeGb';
  if (everything && !purgeEverything)
    yield [limit, 'of 0 would purge everything that is delivered: if that is meant, add purgeEverything: true'];
  if (purgeEverything && keepLast > 0) yield ['keepLast', 'keeps entries while purgeEverything wants none kept'];
  if (purgeEverything && !enabled) yield ['enabled', 'is false while purgeEverything is true'];
}

function withoutUndefined(policy: RetentionPolicy): RetentionPolicy {
  const given = Object.entries(policy).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as unknown as RetentionPolicy;
}

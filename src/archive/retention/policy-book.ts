/** The policies of an archive, kept in its catalog and known here. */
import type { ArchiveInternals } from '../internals.js';
import type { StoredPolicy } from '../keeping.js';
import {
  BUILT_IN_POLICY,
  type CompletePolicy,
  completePolicy,
  DEFAULT_POLICY,
  policyFor,
  type RetentionPolicy,
} from './policy.js';

/** In SQL there is no infinity; the truth stands in the options. */
const FOR_EVER = 1e9;

export class PolicyBook {
  readonly #internals: ArchiveInternals;
  readonly #policies = new Map<string, CompletePolicy>();

  private constructor(internals: ArchiveInternals) {
    this.#internals = internals;
  }

  /** Reads what is stored, and sets the given policies where they are not the same. */
  static async open(internals: ArchiveInternals, given: readonly CompletePolicy[]): Promise<PolicyBook> {
    const book = new PolicyBook(internals);
    for (const stored of await internals.keeping.policies()) book.#learn(fromStored(stored));
    for (const policy of given) if (!same(book.#policies.get(policy.converterName), policy)) await book.set(policy);
    return book;
  }

  /** The policy that holds for a converter. */
  of(converterName: string): CompletePolicy {
    return policyFor(this.#policies, converterName);
  }

  /** Every policy that was set, by name; `*` is the one of all other converters. */
  list(): CompletePolicy[] {
    return [...this.#policies.values()].sort((a, b) => (a.converterName < b.converterName ? -1 : 1));
  }

  /** Resolves when it is durable, with a record in the audit log. */
  async set(policy: CompletePolicy): Promise<void> {
    await this.#internals.keeping.setPolicy(toStored(policy));
    this.#learn(policy);
  }

  /** @returns Whether there was one. */
  async remove(converterName: string): Promise<boolean> {
    if (!this.#policies.has(converterName)) return false;
    await this.#internals.keeping.removePolicy(converterName);
    this.#policies.delete(converterName);
    this.#internals.context.levels.delete(converterName);
    return true;
  }

  #learn(policy: CompletePolicy): void {
    this.#policies.set(policy.converterName, policy);
    const { levels } = this.#internals.context;
    if (policy.compressionLevel === BUILT_IN_POLICY.compressionLevel) levels.delete(policy.converterName);
    else levels.set(policy.converterName, policy.compressionLevel);
  }
}

/** The policies of a call: one that was given in the place of the stored one. */
export function policiesWith(
  book: PolicyBook,
  given: CompletePolicy | undefined,
): (name: string) => CompletePolicy | undefined {
  if (!given) return name => book.of(name);
  const { converterName } = given;
  const own = new Set(book.list().map(policy => policy.converterName));
  return name => {
    const meant = converterName === name || (converterName === DEFAULT_POLICY && !own.has(name));
    return meant ? { ...given, converterName: name } : undefined;
  };
}

function toStored(policy: CompletePolicy): StoredPolicy {
  const { converterName, compressionLevel, enabled, ...rest } = policy;
  const finite = (days: number): number => (Number.isFinite(days) ? days : FOR_EVER);
  // JSON has no infinity, either: there it is null.
  const options = JSON.parse(JSON.stringify(rest)) as Record<string, unknown>;
  const { retentionDays, maxSizeGb } = policy;
  return {
    converterName,
    retentionDays: finite(retentionDays),
    maxSizeGb: finite(maxSizeGb),
    compressionLevel,
    enabled,
    options,
  };
}

function fromStored({
  converterName,
  compressionLevel,
  enabled,
  retentionDays,
  maxSizeGb,
  options,
}: StoredPolicy): CompletePolicy {
  const rest: RetentionPolicy = {
    converterName,
    retentionDays:
      'retentionDays' in options ? ((options.retentionDays ?? Number.POSITIVE_INFINITY) as number) : retentionDays,
    maxSizeGb: 'maxSizeGb' in options ? ((options.maxSizeGb ?? Number.POSITIVE_INFINITY) as number) : maxSizeGb,
    enabled,
    ...(compressionLevel === null ? {} : { compressionLevel }),
    ...(typeof options.minFreeBytes === 'number' ? { minFreeBytes: options.minFreeBytes } : {}),
    ...(typeof options.keepLast === 'number' ? { keepLast: options.keepLast } : {}),
    ...(typeof options.purgeEverything === 'boolean' ? { purgeEverything: options.purgeEverything } : {}),
  };
  return completePolicy(rest, `stored policy of '${converterName}'`);
}

function same(a: CompletePolicy | undefined, b: CompletePolicy): boolean {
  return a !== undefined && Object.entries(b).every(([key, value]) => a[key as keyof CompletePolicy] === value);
}

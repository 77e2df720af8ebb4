/**
 * What the rules want gone, found by walking over the entries from the oldest on, a chunk at a time: the same walk for a
 * preview and for a purge. Memory is bounded by the chunk and the number of converters, however many entries there are.
 */
import { mayPurge, type PurgeReason, type RetentionEntry, type SparedBecause } from './may-purge.js';
import { type CompletePolicy, maxBytes } from './policy.js';

/** An entry that a rule removes. */
export interface PlannedPurge {
  readonly entry: RetentionEntry;
  readonly reason: PurgeReason;
}

/** An entry that a rule would remove and that must stay. */
interface SparedEntry {
  readonly archiveId: string;
  readonly converterName: string;
  readonly because: SparedBecause;
}

/** A piece of a plan. */
export interface PlanChunk {
  readonly purges: readonly PlannedPurge[];
  readonly spared: readonly SparedEntry[];
}

/** How much a converter has in the archive. */
export interface ConverterTotals {
  readonly converterName: string;
  readonly entries: number;
  readonly bytes: number;
}

/** What a plan is made from: the entries that are not purged, by their age. */
export interface RetentionSource {
  totals(): Promise<readonly ConverterTotals[]>;
  /** The oldest entries after the row `after`, of one converter or of all. */
  oldest(query: { converterName?: string; after?: number; limit: number }): Promise<readonly RetentionEntry[]>;
  /** The row of the entry of a converter that has `count - 1` newer ones; nothing when there are fewer than `count`. */
  nthNewest(converterName: string, count: number): Promise<number | undefined>;
  /** Something reads the entry now. */
  inUse(row: number): boolean;
}

/** How the rules stand for one converter. */
export interface ConverterPlan {
  readonly policy: CompletePolicy;
  /** Entries received before this are expired; `-Infinity` while the clock cannot be trusted. */
  readonly expiredBefore: number;
  /** This row and all newer ones stay (`keepLast`). */
  readonly keepFrom: number | undefined;
  /** What is left of the converter by the plan so far. */
  remainingBytes: number;
  remainingEntries: number;
  /** The last row that the size rule has looked at. */
  sizeMark: number | undefined;
}

/** What a plan is made with. */
export interface PlanOptions {
  /** Epoch ms. */
  readonly now: number;
  /** Rules that look at the time do nothing. */
  readonly agePaused: boolean;
  /** How many entries are looked at before the caller has its turn. */
  readonly chunk: number;
}

const DAY_MS = 86_400_000;

/** How the rules stand for each converter that has entries and whose policy is enabled. */
export async function planConverters(
  source: RetentionSource,
  policyOf: (converterName: string) => CompletePolicy | undefined,
  options: PlanOptions,
): Promise<Map<string, ConverterPlan>> {
  const plans = new Map<string, ConverterPlan>();
  for (const { converterName, entries, bytes } of await source.totals()) {
    const policy = policyOf(converterName);
    if (!policy?.enabled) continue;
    const { keepLast, retentionDays } = policy;
    // With fewer entries than are kept, all of them are.
    const keepFrom =
      keepLast === 0 ? undefined : ((await source.nthNewest(converterName, keepLast)) ?? Number.NEGATIVE_INFINITY);
    plans.set(converterName, {
      policy,
      expiredBefore: options.agePaused ? Number.NEGATIVE_INFINITY : options.now - retentionDays * DAY_MS,
      keepFrom,
      remainingBytes: bytes,
      remainingEntries: entries,
      sizeMark: undefined,
    });
  }
  return plans;
}

/** The rules of each converter: first by age, then by size, oldest first. */
export async function* planByAgeAndSize(
  source: RetentionSource,
  plans: ReadonlyMap<string, ConverterPlan>,
  { chunk }: PlanOptions,
): AsyncGenerator<PlanChunk, void, void> {
  for (const [converterName, plan] of plans) {
    const limit = maxBytes(plan.policy);
    yield* walk(
      source,
      { converterName, chunk },
      entry => {
        if (isKept(entry, plan)) return 'end';
        // All that is expired is older than all that is not, so one walk does both rules in their order.
        if (isExpired(entry, plan)) return 'retention_days';
        if (plan.remainingBytes <= limit) return 'end';
        plan.sizeMark = entry.row;
        return 'max_size_gb';
      },
      plans,
    );
  }
}

/**
 * The rule of the free space: entries of all converters, oldest first, until there is enough. Run it after
 * {@link planByAgeAndSize}: what that has planned is passed over here, whether it was purged meanwhile or not.
 *
 * @param free What is free by the plan so far. After each chunk, `next(measured)` may correct it.
 * @param sizeOnDisk What the removal of an entry gives back.
 */
export async function* planForSpace(
  source: RetentionSource,
  plans: ReadonlyMap<string, ConverterPlan>,
  { chunk }: PlanOptions,
  free: number,
  sizeOnDisk: (entry: RetentionEntry) => number,
): AsyncGenerator<PlanChunk, void, number | undefined> {
  const wanted = wantedSpace(plans);
  let projected = free;
  const decide = (entry: RetentionEntry): PurgeReason | 'pass' | 'end' => {
    if (projected >= wanted) return 'end';
    const plan = plans.get(entry.converterName);
    if (!plan || projected >= plan.policy.minFreeBytes || isKept(entry, plan) || isPlanned(entry, plan)) return 'pass';
    return 'min_free_bytes';
  };
  const chunks = walk(source, { chunk }, decide, plans, entry => {
    projected += sizeOnDisk(entry);
  });
  for await (const one of chunks) projected = (yield one) ?? projected;
}

/** The most free space that any of the policies asks for. */
export function wantedSpace(plans: ReadonlyMap<string, ConverterPlan>): number {
  return Math.max(0, ...[...plans.values()].map(plan => plan.policy.minFreeBytes));
}

/** Looks at the entries from the oldest on, until `decide` says that it is the end. */
async function* walk(
  source: RetentionSource,
  { converterName, chunk }: { converterName?: string; chunk: number },
  decide: (entry: RetentionEntry) => PurgeReason | 'pass' | 'end',
  plans: ReadonlyMap<string, ConverterPlan>,
  onPurge: (entry: RetentionEntry) => void = () => undefined,
): AsyncGenerator<PlanChunk, void, void> {
  for (let after: number | undefined; ; ) {
    const query = {
      limit: chunk,
      ...(converterName === undefined ? {} : { converterName }),
      ...(after === undefined ? {} : { after }),
    };
    const page = await source.oldest(query);
    const purges: PlannedPurge[] = [];
    const spared: SparedEntry[] = [];
    let ended = page.length < chunk;
    for (const entry of page) {
      const reason = decide(entry);
      if (reason === 'end') ended = true;
      if (reason === 'end') break;
      const plan = plans.get(entry.converterName);
      if (reason === 'pass' || !plan) continue;
      const verdict = mayPurge(entry, {
        reason,
        expired: isExpired(entry, plan),
        inUse: source.inUse(entry.row),
      });
      if (verdict.allowed) {
        purges.push({ entry, reason });
        plan.remainingBytes -= entry.bytes;
        plan.remainingEntries -= 1;
        onPurge(entry);
      } else {
        const { archiveId } = entry;
        spared.push({ archiveId, converterName: entry.converterName, because: verdict.because });
      }
    }
    if (purges.length + spared.length > 0) yield { purges, spared };
    if (ended) return;
    after = page.at(-1)?.row;
  }
}

function isExpired(entry: RetentionEntry, plan: ConverterPlan): boolean {
  return entry.archivedAt < plan.expiredBefore;
}

function isKept(entry: RetentionEntry, { keepFrom }: ConverterPlan): boolean {
  return keepFrom !== undefined && entry.row >= keepFrom;
}

/** The rules of age and size have had their say about the entry. */
function isPlanned(entry: RetentionEntry, plan: ConverterPlan): boolean {
  return isExpired(entry, plan) || (plan.sizeMark !== undefined && entry.row <= plan.sizeMark);
}

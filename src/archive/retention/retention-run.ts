/** One run of the rules: the plan, carried out step by step, or only looked at. */
import { type Clock, sleep, systemClock } from '../../clock.js';
import type { FileSystem } from '../../files/file-system.js';
import type { RetentionEntry } from './may-purge.js';
import {
  type ConverterPlan,
  type PlanChunk,
  type PlannedPurge,
  type PlanOptions,
  planByAgeAndSize,
  planConverters,
  planForSpace,
  wantedSpace,
} from './plan.js';
import { type CompletePolicy, checkAgainstDisk } from './policy.js';
import type { Candidate, PurgeCatalog } from './purge-catalog.js';
import type { Purger } from './purger.js';
import type { Statistics } from './statistics.js';

/** What runs share. */
export interface RunContext {
  readonly fs: FileSystem;
  readonly clock: Clock;
  /** The archive's folder. */
  readonly directory: string;
  readonly catalog: PurgeCatalog;
  readonly purger: Purger;
  readonly gracePeriodMs: number;
  readonly maxPerSecond: number;
  readonly chunk: number;
}

/** What one run is told. */
export interface RunOrder {
  /** The policy of a converter; nothing for one that this run does not look after. */
  readonly policyOf: (converterName: string) => CompletePolicy | undefined;
  /** Why rules of age pause, where they do. */
  readonly doubt: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly statistics: Statistics;
}

/** The plan of a run as far as it does not change. */
interface Planned {
  readonly plans: ReadonlyMap<string, ConverterPlan>;
  readonly options: PlanOptions;
  readonly disk: { free: number; block: number };
}

/** When content goes that goes as soon as it is purged. */
export const AT_ONCE = 0;
/** How long a run rests after each step, in parts of what the step took. */
const REST = 0.25;
/** Entries that are purged for the free space before it is measured again. */
const SPACE_CHUNK = 100;

async function plan(context: RunContext, { policyOf, doubt }: RunOrder): Promise<Planned> {
  const { fs, clock, directory, catalog, chunk } = context;
  const { bavail, blocks, bsize } = await fs.statfs(directory);
  const options = { now: clock.now(), agePaused: doubt !== undefined, chunk };
  const plans = await planConverters(catalog, policyOf, options);
  for (const { policy } of plans.values()) checkAgainstDisk(policy, blocks * bsize);
  return { plans, options, disk: { free: bavail * bsize, block: bsize } };
}

/** What an entry's removal gives back: whole blocks. */
function onDisk({ block }: Planned['disk']): (entry: RetentionEntry) => number {
  return entry => Math.ceil(entry.bytes / block) * block;
}

/** Looks at what a run would do, with the steps that a run makes. */
export async function* look(
  context: RunContext,
  order: RunOrder,
): AsyncGenerator<PlanChunk, ReadonlyMap<string, ConverterPlan>> {
  const { plans, options, disk } = await plan(context, order);
  const size = onDisk(disk);
  let free = disk.free + (await context.catalog.graveTotals(disk.block)).onDisk;
  for await (const chunk of planByAgeAndSize(context.catalog, plans, options)) {
    order.signal?.throwIfAborted();
    for (const { entry } of chunk.purges) free += size(entry);
    yield chunk;
  }
  for await (const chunk of planForSpace(context.catalog, plans, options, free, size)) {
    order.signal?.throwIfAborted();
    yield chunk;
  }
  return plans;
}

/** Does it: what is due is removed, then age and size, then the free space. Ends early, without an error, when the signal aborts. */
export async function carryOut(context: RunContext, order: RunOrder): Promise<void> {
  // First what makes room.
  await removeDue(context, order);
  const planned = await plan(context, order);
  const historyIds = await historyCounter(context.catalog);
  const purge = (chunk: PlanChunk, dueAt: number) =>
    purgeChunk(context, order, planned.plans, historyIds, chunk, dueAt);
  const { gracePeriodMs, clock, catalog } = context;
  for await (const chunk of planByAgeAndSize(catalog, planned.plans, planned.options)) {
    if (order.signal?.aborted) return;
    await purge(chunk, gracePeriodMs === 0 ? AT_ONCE : clock.now() + gracePeriodMs);
  }
  await removeDue(context, order);
  await makeSpace(context, order, planned, purge);
}

/** Removes the content of everything whose grace period is over. While the clock is in doubt, only what has none. */
export async function removeDue(
  context: RunContext,
  { doubt, signal, statistics }: Omit<RunOrder, 'policyOf'>,
): Promise<void> {
  const dueBy = doubt === undefined ? context.clock.now() : AT_ONCE;
  await removeGraves(context, dueBy, context.chunk, signal, statistics);
}

async function removeGraves(
  context: RunContext,
  dueBy: number,
  limit: number,
  signal: AbortSignal | undefined,
  statistics: Statistics,
  until: () => Promise<boolean> = async () => false,
): Promise<void> {
  while (!signal?.aborted && !(await until())) {
    const startedAt = systemClock.monotonic();
    const { graves, removed, bytesFreed } = await context.purger.removeDue(dueBy, limit);
    statistics.freed(bytesFreed);
    // What is left of them is in use.
    if (removed === 0 || graves < limit) return;
    await throttle(context, removed, startedAt, signal);
  }
}

/** While there is too little space: first what lies in graves, the oldest first, then more of the oldest entries. */
async function makeSpace(
  context: RunContext,
  { signal, statistics }: RunOrder,
  { plans, options, disk }: Planned,
  purge: (chunk: PlanChunk, dueAt: number) => Promise<void>,
): Promise<void> {
  const wanted = wantedSpace(plans);
  const enough = async () => (await freeBytes(context)) >= wanted;
  if (await enough()) return;
  await removeGraves(context, Number.MAX_SAFE_INTEGER, SPACE_CHUNK, signal, statistics, enough);
  const chunked = { ...options, chunk: SPACE_CHUNK };
  const steps = planForSpace(context.catalog, plans, chunked, await freeBytes(context), onDisk(disk));
  for (let step = await steps.next(); !step.done && !signal?.aborted; ) {
    await purge(step.value, AT_ONCE);
    await removeGraves(context, AT_ONCE, SPACE_CHUNK, signal, statistics);
    step = await steps.next(await freeBytes(context));
  }
}

async function purgeChunk(
  context: RunContext,
  { statistics, signal }: RunOrder,
  plans: ReadonlyMap<string, ConverterPlan>,
  historyIds: (key: string) => number,
  { purges, spared }: PlanChunk,
  dueAt: number,
): Promise<void> {
  const startedAt = systemClock.monotonic();
  for (const one of spared) statistics.spared(one.archiveId, one.because);
  for (const group of byRule(purges)) {
    const [{ entry: first, reason } = group[0] as PlannedPurge] = group;
    const { converterName } = first;
    const isExpired = (entry: Candidate) =>
      entry.archivedAt < (plans.get(converterName)?.expiredBefore ?? Number.NEGATIVE_INFINITY);
    const historyId = historyIds(`${converterName} ${reason}`);
    const done = await context.purger.purge(
      // The plan hands the catalog's own entries through.
      group.map(one => one.entry as Candidate),
      { converterName, reason, historyId, dueAt, isExpired },
    );
    statistics.purged(converterName, reason, done.purged, dueAt === AT_ONCE ? context.clock.now() : dueAt);
    for (const one of done.spared) statistics.spared(one.archiveId, one.because);
  }
  await throttle(context, purges.length, startedAt, signal);
}

/** Entries of one converter and one rule, together. */
function byRule(purges: readonly PlannedPurge[]): Iterable<PlannedPurge[]> {
  const groups = new Map<string, PlannedPurge[]>();
  for (const one of purges) {
    const key = `${one.reason} ${one.entry.converterName}`;
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return groups.values();
}

/** A row of the history for each rule of this run, by what it is for. */
async function historyCounter(catalog: PurgeCatalog): Promise<(key: string) => number> {
  let last = await catalog.lastPurge();
  const ids = new Map<string, number>();
  return key => {
    const id = ids.get(key) ?? ++last;
    ids.set(key, id);
    return id;
  };
}

/**
 * Holds the run back: to its rate, and to four fifths of the time in any case, so that intake has its turn at the catalog
 * and the disk. In the machine's own time: it is the machine that is spared.
 */
async function throttle(
  { maxPerSecond }: RunContext,
  entries: number,
  startedAt: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const tookMs = systemClock.monotonic() - startedAt;
  await sleep(systemClock, Math.max((entries * 1_000) / maxPerSecond - tookMs, tookMs * REST), signal);
}

async function freeBytes({ fs, directory }: RunContext): Promise<number> {
  const { bavail, bsize } = await fs.statfs(directory);
  return bavail * bsize;
}

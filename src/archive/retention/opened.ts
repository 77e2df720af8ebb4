/** What a retention engine has once its archive is open. */
import type { Clock } from '../../clock.js';
import { Reserve } from '../../files/reserve.js';
import type { Logger } from '../../observe/logger.js';
import { type ArchiveInternals, internalsOf } from '../internals.js';
import { ClockGuard, type ClockMemory } from './clock-guard.js';
import type { CompletePolicy } from './policy.js';
import { PolicyBook } from './policy-book.js';
import { PurgeCatalog } from './purge-catalog.js';
import { Purger } from './purger.js';
import type { RunContext } from './retention-run.js';
import type { RetentionOptions } from './types.js';

export type CompleteOptions = RetentionOptions &
  Required<Pick<RetentionOptions, 'gracePeriodMs' | 'maxPerSecond' | 'chunkSize' | 'reserveBytes'>>;

export interface Opened {
  readonly internals: ArchiveInternals;
  readonly clock: Clock;
  readonly guard: ClockGuard;
  readonly policies: PolicyBook;
  readonly reserve: Reserve;
  readonly run: RunContext;
}

/** Where the guard's memory stands in the catalog. */
const CLOCK_MEMORY = 'retentionClock';

/** Opens the archive, if it is not open yet, and sets the given policies. */
export async function open(
  options: CompleteOptions,
  policies: readonly CompletePolicy[],
  logger: Logger,
): Promise<Opened> {
  const internals = await internalsOf(options.archive);
  const { context } = internals;
  const { directory } = options.archive;
  const { fs } = context;
  const clock = options.clock ?? context.clock;
  const guard = new ClockGuard(clock, options.clockGuard);
  const meta = await context.catalog.query<{ name: string; value: string }>('meta');
  const memory = meta.find(({ name }) => name === CLOCK_MEMORY)?.value;
  if (memory !== undefined) guard.recall(JSON.parse(memory) as ClockMemory);
  const reserve = new Reserve(fs, directory, options.reserveBytes, logger);
  await reserve.create();
  const catalog = new PurgeCatalog(context);
  const purger = new Purger(context, catalog, reserve);
  const { gracePeriodMs, maxPerSecond, chunkSize } = options;
  const run = { fs, clock, directory, catalog, purger, gracePeriodMs, maxPerSecond, chunk: chunkSize };
  return { internals, clock, guard, policies: await PolicyBook.open(internals, policies), reserve, run };
}

/** Asks the guard. @returns Why rules that look at the time pause, where they do. */
export async function doubtOf(opened: Opened): Promise<string | undefined> {
  const doubt = opened.guard.check(await opened.run.catalog.newest());
  await remember(opened);
  return doubt;
}

/** The clock is right, says somebody who has looked. */
export async function trust(opened: Opened): Promise<void> {
  opened.guard.trust(await opened.run.catalog.newest());
  await remember(opened);
}

async function remember({ guard, internals, reserve }: Opened): Promise<void> {
  const memory = JSON.stringify(guard.memory);
  await reserve.spend(() =>
    internals.context.catalog.write([{ statement: 'setMeta', params: [CLOCK_MEMORY, memory] }]),
  );
}

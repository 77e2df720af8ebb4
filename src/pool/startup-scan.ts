/** The first look at the watch folders: watches are armed first, so that nothing falls between looking and listening. */
import { sleep } from '../clock.js';
import type { Engine } from './engine.js';
import type { StartupScanOptions } from './pool-options.js';

/** Arms the watches and holds what they tell until {@link startupScan} has looked. */
export async function armWatches({ intake, posts }: Engine): Promise<void> {
  intake.hold();
  await posts.arm();
}

/**
 * Queues what is already there, oldest first, then what the watches have told. When `timeoutMs` or
 * `maxFiles` is reached it resolves, and the rest is queued while work goes on: nothing is left out.
 */
export async function startupScan(engine: Engine, options: Required<StartupScanOptions>): Promise<void> {
  const { intake, posts, context } = engine;
  if (!options.enabled) return intake.release();
  const enough = new AbortController();
  const capped = options.maxFiles > 0 ? intake.admitted(options.maxFiles) : new Promise<never>(() => undefined);
  const scanned = posts.scanAll().then(statistics => context.notify('scanCompleted', statistics));
  await Promise.race([scanned, capped, sleep(context.clock, options.timeoutMs, enough.signal)]);
  enough.abort();
  intake.release();
}

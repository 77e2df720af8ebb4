/** What a running pool cannot take over from a new configuration: everything but its converters. */
import { isDeepStrictEqual } from 'node:util';
import type { PoolOptions } from './pool-options.js';
import type { ConverterChanges } from './reconfiguration.js';

/** What `reload()` has done, and what it could not do. */
export interface ReloadResult extends ConverterChanges {
  /** Options of the pool that the new configuration gives another value: they take effect when the process starts anew. */
  needRestart: string[];
}

const settings = new WeakMap<object, unknown>();

/** Remembers what a part (a queue, a submitter, an archive) was made from, so that it can be compared with another one. */
export function madeFrom<T extends object>(part: T, given: unknown): T {
  settings.set(part, given);
  return part;
}

/** Names the options of `config` that differ from those of the running pool. What `config` leaves out is left as it is. */
export function needRestart(running: Partial<PoolOptions>, config: Partial<PoolOptions>): string[] {
  return (Object.keys(config) as (keyof PoolOptions)[]).filter(
    key => key !== 'converters' && config[key] !== undefined && !isAlike(running[key], config[key]),
  );
}

function isAlike(one: unknown, other: unknown): boolean {
  const [a, b] = [one, other].map(part => (typeof part === 'object' && part !== null ? settings.get(part) : undefined));
  return a !== undefined && b !== undefined ? isDeepStrictEqual(a, b) : isDeepStrictEqual(one, other);
}

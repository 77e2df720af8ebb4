/** Stations whose converters run in workers. */
import { fileURLToPath } from 'node:url';
import type { AsyncConverterPool, ConverterModule, ConverterOptions } from 'millrace';
import type { Station, StationPoolOptions } from '../pool/support.js';

/** A module of this folder. */
export const moduleAt = (name: string): string => fileURLToPath(new URL(`./converters/${name}.mjs`, import.meta.url));

/** A started pool whose only converter runs in workers. */
export function isolated(
  station: Station,
  module: Partial<ConverterModule> & { name?: string } = {},
  options: Partial<ConverterOptions> = {},
  pool: StationPoolOptions = {},
): Promise<AsyncConverterPool> {
  const converter: ConverterModule = { module: moduleAt('misbehaving'), ...module };
  return station.start({ ...pool, converters: [{ isolation: 'worker', workers: 1, ...options, converter }] });
}

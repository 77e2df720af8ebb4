/** A candidate that runs beside a converter: what a converter's options say of it. */
import { ConverterBase } from '../converters/converter-base.js';
import { isConverterModule } from '../converters/isolation/converter-module.js';
import type { AnyConverter } from '../converters/run-conversion.js';
import type { ConfigProblem } from '../errors.js';
import { ConfigError } from '../errors.js';
import { type CompareOptions, reportComparer } from '../report/compare-reports.js';

/** A candidate, and how its reports are compared. */
export interface ShadowOptions extends CompareOptions {
  /** The candidate: mostly the next version of the converter itself. */
  // biome-ignore lint/suspicious/noExplicitAny: converters of every report and argument type are taken.
  converter: ConverterBase<any, any>;
  /** How long one of its conversions may take, in ms. Default: as the converter's. */
  timeoutMs?: number;
}

/** The part of a converter's options that is about its candidate. */
export interface ConverterShadow {
  /**
   * A candidate converts each file once more, after its reports are made and while no other waits. Nothing of that is
   * sent; differences are told by `shadowDiffers`. Default: none.
   */
  // biome-ignore lint/suspicious/noExplicitAny: converters of every report and argument type are taken.
  shadow?: ConverterBase<any, any> | ShadowOptions;
}

/** A candidate, ready to be used. */
export interface Shadow {
  converter: AnyConverter;
  timeoutMs: number | undefined;
  compare: ReturnType<typeof reportComparer>;
}

/** Completes it. @throws ConfigError when an ignored path is none. */
export function resolveShadow({ shadow }: ConverterShadow): Shadow | undefined {
  if (shadow === undefined) return undefined;
  const options: ShadowOptions = shadow instanceof ConverterBase ? { converter: shadow } : shadow;
  const { converter, timeoutMs, ...compare } = options;
  return { converter, timeoutMs, compare: reportComparer(compare) };
}

/** What is wrong with a candidate. */
export function shadowProblems({ shadow }: ConverterShadow, path: string): ConfigProblem[] {
  if (shadow === undefined || shadow instanceof ConverterBase) return [];
  if (isConverterModule(shadow) || isConverterModule(shadow?.converter)) {
    const message = 'must be a converter and no module: a candidate runs on this thread, and not in workers';
    return [{ path: `${path}.shadow`, message }];
  }
  if (typeof shadow !== 'object' || !(shadow?.converter instanceof ConverterBase))
    return [{ path: `${path}.shadow`, message: 'must be a converter, or an object with one as `converter`' }];
  const { timeoutMs } = shadow;
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs >= 1 && timeoutMs < 2 ** 31))
    return [{ path: `${path}.shadow.timeoutMs`, message: `must be a number of ms from 1, not ${String(timeoutMs)}` }];
  try {
    resolveShadow({ shadow });
    return [];
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    return thrown.problems.map(problem => ({ ...problem, path: `${path}.shadow.${problem.path}` }));
  }
}

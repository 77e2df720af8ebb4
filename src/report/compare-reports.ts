/** What has changed between two reports of the same unit, field by field: for a new version of a converter, before it goes live. */

import { formatCommonPath, formatPath, type PathSegment, pathMatcher } from './field-path.js';
import { matchElements } from './match-elements.js';

/** What a difference is about, by the name of its field. */
export type DifferenceConcern = 'limit' | 'value' | 'status' | 'other';

/** One field, step or measurement that is not the same in both reports. */
export interface ReportDifference {
  /** `reordered`: the same elements in another order; `before` and `after` are their names. */
  kind: 'added' | 'removed' | 'changed' | 'reordered';
  /** Where, such as `root.steps["Vout"].numericMeas[0].highLimit`. */
  path: string;
  /** The same path for all units: elements without a name are `[*]`. */
  commonPath: string;
  concerns: DifferenceConcern;
  /** What the first report has; absent where it has nothing. */
  before?: unknown;
  /** What the second report has; absent where it has nothing. */
  after?: unknown;
}

/** How reports are compared. */
export interface CompareOptions {
  /** Numbers are the same when they differ by no more than this share of the larger one. Default 1e-9. */
  tolerance?: number;
  /**
   * Paths that do not matter, such as `start`, `**.id` or `root.steps[*].totTime`: `*` is one key or element, `**` any
   * number of them, and what lies below a path goes with it. Default: none.
   */
  ignore?: readonly string[];
}

const DEFAULT_TOLERANCE = 1e-9;
const CONCERNS: readonly [DifferenceConcern, RegExp][] = [
  ['limit', /limit|^compOp$|tolerance/i],
  ['status', /^(status|result|outcome|passed)$/i],
  ['value', /^(value|values|numeric|measured?)$/i],
];

/** Compares two reports; see {@link reportComparer}, which compares many. */
export function compareReports(before: unknown, after: unknown, options: CompareOptions = {}): ReportDifference[] {
  return reportComparer(options)(before, after);
}

/**
 * Makes a comparison of two reports, as they are when they are written as JSON. Elements of arrays are compared by their
 * names where they have any (steps and measurements by `name`, facts by `description`, units by `sn`), else by position.
 * @throws ConfigError when an ignored path is none.
 */
export function reportComparer(options: CompareOptions = {}): (before: unknown, after: unknown) => ReportDifference[] {
  const { tolerance = DEFAULT_TOLERANCE, ignore = [] } = options;
  const isIgnored = pathMatcher(ignore);
  return (before, after) => {
    const walk: Walk = { tolerance, isIgnored, found: [] };
    compare(walk, [], asJson(before), asJson(after));
    return walk.found;
  };
}

interface Walk {
  readonly tolerance: number;
  readonly isIgnored: (path: readonly PathSegment[]) => boolean;
  readonly found: ReportDifference[];
}

function compare(walk: Walk, path: readonly PathSegment[], before: unknown, after: unknown): void {
  if (walk.isIgnored(path)) return;
  if (before === undefined || after === undefined) {
    if (before !== after)
      tell(walk, path, before === undefined ? { kind: 'added', after } : { kind: 'removed', before });
  } else if (Array.isArray(before) && Array.isArray(after)) {
    const { pairs, reordered } = matchElements(before, after);
    for (const pair of pairs) compare(walk, [...path, { text: pair.label, element: true }], pair.before, pair.after);
    if (reordered) tell(walk, path, { kind: 'reordered', ...reordered });
  } else if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(walk, [...path, { text: key, element: false }], own(before, key), own(after, key));
    }
  } else if (!same(before, after, walk.tolerance)) {
    tell(walk, path, { kind: 'changed', before, after });
  }
}

function tell(
  walk: Walk,
  path: readonly PathSegment[],
  what: Pick<ReportDifference, 'kind' | 'before' | 'after'>,
): void {
  const field = path.findLast(segment => !segment.element)?.text ?? '';
  const concerns = CONCERNS.find(([, names]) => names.test(field))?.[0] ?? 'other';
  const { kind, ...values } = what;
  walk.found.push({ kind, path: formatPath(path), commonPath: formatCommonPath(path), concerns, ...values });
}

function same(before: unknown, after: unknown, tolerance: number): boolean {
  if (typeof before !== 'number' || typeof after !== 'number') return before === after;
  return Math.abs(before - after) <= tolerance * Math.max(Math.abs(before), Math.abs(after));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Not what every object inherits: a report may have a field named `constructor` or not. */
function own(object: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function asJson(report: unknown): unknown {
  const json = JSON.stringify(report) as string | undefined;
  return json === undefined ? undefined : JSON.parse(json);
}

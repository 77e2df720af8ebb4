/** Paths of fields in a report, such as `root.steps["Vout"].numericMeas[0].highLimit`, and patterns of them. */
import { ConfigError } from '../errors.js';

/** A piece of a path: the key of an object as it is; the element of an array as `0`, or as `"Vout"` where it has a name. */
export interface PathSegment {
  readonly text: string;
  readonly element: boolean;
}

const PLAIN_KEY = /^[\w$-]+$/;
// A key, `*`, `**`, or an element in brackets: its number, its name as JSON (with its occurrence), or `*`.
const TOKEN = /(?:^|\.)([\w$-]+|\*\*?)|\[(\d+|"(?:[^"\\]|\\.)*"(?:#\d+)?|\*)\]/gy;

/** The path in words. */
export function formatPath(segments: readonly PathSegment[]): string {
  return segments.map(formatSegment).join('').replace(/^\./, '');
}

/** The path with `[*]` for every element that has no name: the same for all units. */
export function formatCommonPath(segments: readonly PathSegment[]): string {
  const common = segments.map(one => (one.element && !one.text.startsWith('"') ? { ...one, text: '*' } : one));
  return formatPath(common);
}

function formatSegment({ text, element }: PathSegment): string {
  if (element) return `[${text}]`;
  return PLAIN_KEY.test(text) ? `.${text}` : `[${JSON.stringify(text)}]`;
}

/**
 * Makes a test of paths from patterns. `*` stands for one key or element, `**` for any number of them, `[*]` for any
 * element. What a pattern matches is matched with everything below it.
 * @throws ConfigError naming the patterns that are none.
 */
export function pathMatcher(patterns: readonly string[]): (segments: readonly PathSegment[]) => boolean {
  const wrong = patterns.filter(pattern => parse(pattern) === undefined);
  if (wrong.length > 0) {
    const message = "is no path: write keys with '.', elements with '[0]' or '[\"name\"]', and '*' or '**' for any";
    throw new ConfigError(wrong.map(pattern => ({ path: `ignore['${pattern}']`, message })));
  }
  const parsed = patterns.flatMap(pattern => [parse(pattern) ?? []]);
  return segments => parsed.some(pattern => matches(pattern, segments, 0, 0));
}

function parse(pattern: string): string[] | undefined {
  const tokens: string[] = [];
  let end = 0;
  for (const match of pattern.matchAll(TOKEN)) {
    const [all, key, element = ''] = match;
    // A key in brackets is written as a name is.
    tokens.push(key ?? element);
    end = match.index + all.length;
  }
  return end === pattern.length && tokens.length > 0 ? tokens : undefined;
}

function matches(pattern: readonly string[], segments: readonly PathSegment[], at: number, from: number): boolean {
  const token = pattern[at];
  if (token === undefined) return true;
  if (token === '**') {
    for (let next = from; next <= segments.length; next++) if (matches(pattern, segments, at + 1, next)) return true;
    return false;
  }
  const segment = segments[from];
  if (segment === undefined) return false;
  const fits = token === '*' || token === segment.text || token === JSON.stringify(segment.text);
  return fits && matches(pattern, segments, at + 1, from + 1);
}

/** From the text of a configuration file to plain values, with the line of each. */
import { extname } from 'node:path';
import { ConfigError, type ConfigProblem, toError } from '../errors.js';

/** Where something stands: keys as they are written, and indexes. */
export type Path = readonly (string | number)[];

/** A file, parsed. */
export interface ConfigDocument {
  value: unknown;
  /** The line in which a key or a list item begins, from 1. */
  lineOf(path: Path): number | undefined;
}

/** `converters[2].watch_folder`. */
export function formatPath(path: Path): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index ? '.' : ''}${step}`)).join('');
}

/** @throws ConfigError with the line of each place that is no YAML or JSON. */
export async function parseDocument(text: string, file: string): Promise<ConfigDocument> {
  // Most hosts never read a file: they need not load the parser either.
  const { isMap, isScalar, isSeq, LineCounter, parseDocument: parse } = await import('yaml');
  const lines = new LineCounter();
  // JSON is YAML, so one parser knows the lines of both. It rejects keys that stand twice.
  const document = parse(text.replace(/^\uFEFF/, ''), { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const problems: ConfigProblem[] = document.errors.map(error => ({
    path: file,
    line: lines.linePos(error.pos[0]).line,
    message: `is not readable as ${extname(file) === '.json' ? 'JSON' : 'YAML'}: ${error.message}`,
  }));
  if (problems.length > 0) throw new ConfigError(problems);

  const lineOf = (path: Path): number | undefined => {
    let node: unknown = document.contents;
    let start: number | undefined;
    for (const step of path) {
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
        if (!pair) break;
        start = isScalar(pair.key) ? pair.key.range?.[0] : start;
        node = pair.value;
      } else if (isSeq(node)) {
        const item = node.items[Number(step)] as { range?: readonly number[] } | undefined;
        start = item?.range?.[0] ?? start;
        node = item;
      } else {
        break;
      }
    }
    return start === undefined ? undefined : lines.linePos(start).line;
  };
  try {
    // Aliases may refer to each other a limited number of times: a file must not unfold into gigabytes.
    return { value: document.toJS({ maxAliasCount: 100 }), lineOf };
  } catch (thrown) {
    throw new ConfigError([{ path: file, message: `cannot be unfolded: ${toError(thrown).message}` }], {
      cause: thrown,
    });
  }
}

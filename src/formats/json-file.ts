/** Reads a JSON file, with errors that say where it is wrong. */
import type { ConverterSource } from '../converters/source.js';
import { FileFormatError } from '../errors.js';
import { MAX_JSON_DEPTH, nestsTooDeep } from '../report/json-depth.js';
import { findJsonProblem } from './json-syntax.js';

/** Bigger files would hold up the event loop of the host for long. */
const MAX_JSON_BYTES = 32 * 1024 * 1024;

/**
 * The value in a JSON file, in UTF-8 or UTF-16.
 * @throws FileFormatError with line and column when it is no JSON, and when it is bigger than `maxBytes` or nests
 * too deep.
 */
export async function readJson(source: ConverterSource, maxBytes = MAX_JSON_BYTES): Promise<unknown> {
  if (source.size > maxBytes) {
    throw new FileFormatError(`${source.name} has ${source.size} bytes: expected a JSON file of at most ${maxBytes}`);
  }
  const json = parse(source.name, await source.text());
  if (nestsTooDeep(json)) {
    throw new FileFormatError(
      `${source.name} nests deeper than the ${MAX_JSON_DEPTH} levels that are expected at most`,
    );
  }
  return json;
}

function parse(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const problem = findJsonProblem(text);
    const where = problem ? ` at line ${problem.line}, column ${problem.column}: expected ${problem.expected}` : '';
    throw new FileFormatError(`${name} is not JSON${where}`, { cause, ...problem });
  }
}

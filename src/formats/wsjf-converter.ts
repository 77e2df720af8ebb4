/** Delivers files that are WSJF reports already. */
import { ConverterBase, type ConverterContext } from '../converters/converter-base.js';
import type { ConverterSource } from '../converters/source.js';
import { invalidReport } from '../report/invalid-report.js';
import type { WsjfProblem } from '../report/rules.js';
import { validateWsjf } from '../report/validate-wsjf.js';
import type { WsjfReport } from '../report/wsjf.js';
import { readJson } from './json-file.js';

/** Options of {@link WsjfConverter}. */
export interface WsjfConverterOptions {
  /** The converter's name, unique in the pool. Default `wsjf`. */
  name?: string;
  /** Endings of the files that it converts. Default `.json` and `.wsjf`. */
  extensions?: readonly string[];
  /** Bigger files fail, as parsing them would hold up the host. Default 32 MiB. */
  maxBytes?: number;
}

/**
 * Takes files that hold a WSJF report or an array of them, and delivers the reports as they are.
 *
 * A file that is no JSON, and a report that is not valid, fail with a `FileFormatError` that names every place that is
 * wrong and what was expected; one bad report in an array fails the file, so that its reports are delivered all or
 * none.
 */
export class WsjfConverter extends ConverterBase<WsjfReport, WsjfConverterOptions> {
  readonly name: string;
  readonly supportedExtensions: readonly string[];

  constructor(options: WsjfConverterOptions = {}) {
    super(options);
    this.name = options.name ?? 'wsjf';
    this.supportedExtensions = options.extensions ?? ['.json', '.wsjf'];
  }

  async convert(
    source: ConverterSource,
    context: ConverterContext<WsjfConverterOptions>,
  ): Promise<WsjfReport | readonly WsjfReport[]> {
    const json = await readJson(source, context.arguments.maxBytes);
    const problems = Array.isArray(json) ? json.flatMap(problemsOfElement) : validateWsjf(json);
    if (problems.length > 0) throw invalidReport(`${source.name} is not a valid WSJF report`, problems);
    return json as WsjfReport | readonly WsjfReport[];
  }
}

function problemsOfElement(report: unknown, index: number): WsjfProblem[] {
  return validateWsjf(report).map(({ path, message }) => ({
    path: path === '' ? `[${index}]` : `[${index}].${path}`,
    message,
  }));
}

/** Converts any JSON file, by a function or as it is. */
import { type Conversion, ConverterBase, type ConverterContext } from '../converters/converter-base.js';
import type { ConverterSource } from '../converters/source.js';
import { FileFormatError } from '../errors.js';
import { readJson } from './json-file.js';

/** Options of {@link JsonConverter}. */
export interface JsonConverterOptions<TReport extends object = object> {
  /** The converter's name, unique in the pool. Default `json`. */
  name?: string;
  /** Raise it when `map` changes: files that failed before are taken up again. Default '1.0.0'. */
  version?: string;
  /** Endings of the files that it converts. Default `.json`. */
  extensions?: readonly string[];
  /** Bigger files fail, as parsing them would hold up the host. Default 32 MiB. */
  maxBytes?: number;
  /**
   * Makes the reports from what the file holds. Throw a `FileFormatError` when it is not what is expected. Default: an
   * object is a report, and an array of objects is one report each.
   */
  map?: (
    json: unknown,
    source: ConverterSource,
    context: ConverterContext<JsonConverterOptions<TReport>>,
  ) => Conversion<TReport> | Promise<Conversion<TReport>>;
}

/**
 * Converts `.json` files.
 *
 * ```ts
 * new JsonConverter({ name: 'burn-in', map: json => toReport(json as BurnIn) })
 * ```
 *
 * A file that is no JSON fails with a `FileFormatError` that names line, column and what was expected there.
 */
export class JsonConverter<TReport extends object = object> extends ConverterBase<
  TReport,
  JsonConverterOptions<TReport>
> {
  readonly name: string;
  override readonly version: string;
  readonly supportedExtensions: readonly string[];

  constructor(options: JsonConverterOptions<TReport> = {}) {
    super(options);
    this.name = options.name ?? 'json';
    this.version = options.version ?? '1.0.0';
    this.supportedExtensions = options.extensions ?? ['.json'];
  }

  async convert(
    source: ConverterSource,
    context: ConverterContext<JsonConverterOptions<TReport>>,
  ): Promise<Conversion<TReport>> {
    const { map, maxBytes } = context.arguments;
    const json = await readJson(source, maxBytes);
    return map ? map(json, source, context) : (asReports(source.name, json) as Conversion<TReport>);
  }
}

function asReports(name: string, json: unknown): object | readonly object[] {
  const odd = (Array.isArray(json) ? json : [json]).findIndex(
    report => typeof report !== 'object' || report === null || Array.isArray(report),
  );
  if (odd < 0) return json as object | readonly object[];
  const where = Array.isArray(json) ? `element ${odd} of ${name}` : name;
  throw new FileFormatError(`${where} is no object: expected a report or an array of reports`);
}

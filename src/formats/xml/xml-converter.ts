/** Converts XML by paths. */
import { type Conversion, ConverterBase, type ConverterContext } from '../../converters/converter-base.js';
import type { ConverterSource } from '../../converters/source.js';
import type { XmlElement } from './xml-element.js';
import { compileMapping, mapReports, type XmlMapping } from './xml-mapping.js';
import { readXml, type XmlReadOptions } from './xml-reader.js';

/** Options of {@link XmlConverter}. */
export interface XmlConverterOptions<TReport extends object = object>
  extends XmlMapping,
    Pick<XmlReadOptions, 'encoding' | 'maxBytes' | 'maxDepth'> {
  /** The converter's name, unique in the pool. Default `xml`. */
  name?: string;
  /** Raise it when a function among the options changes: files that failed before are taken up again. Default '1.0.0'. */
  version?: string;
  /** Endings of the files that it converts. Default `.xml`. */
  extensions?: readonly string[];
  /** Makes the reports from the root element. Nothing else is mapped then. */
  map?: (
    root: XmlElement,
    source: ConverterSource,
    context: ConverterContext<XmlConverterOptions<TReport>>,
  ) => Conversion<TReport> | Promise<Conversion<TReport>>;
}

/**
 * Converts `.xml` files to WSJF reports by a mapping of paths, or by a function.
 *
 * ```ts
 * new XmlConverter({
 *   report: { sn: 'Header/SerialNumber', pn: 'Header/PartNumber', rev: 'Header/Revision', start: 'Header/StartDate' },
 *   steps: [{ at: 'Sequence', kind: 'sequence', name: '@Name', steps: [
 *     { at: 'NumericTest', name: '@Name', value: '@Measure', lowLimit: '@LowLim', highLimit: '@HighLim', unit: '@Unit' },
 *   ] }],
 *   defaults: { processCode: 10, location: 'Line 2', purpose: 'Production' },
 * })
 * ```
 *
 * Paths have names of elements with `/` between them; `*` is any element, `[@attribute='value']` after a name picks those
 * with such an attribute, `@attribute` at the end is an attribute, `.` the element itself, and a `/` at the beginning
 * starts at the root. Namespace prefixes are left out.
 *
 * A file that is not well-formed, and a value that cannot be understood, fail with a `FileFormatError` that names line
 * and column. Entities are not expanded and nothing outside the file is read.
 */
export class XmlConverter<TReport extends object = object> extends ConverterBase<
  TReport,
  XmlConverterOptions<TReport>
> {
  readonly name: string;
  override readonly version: string;
  readonly supportedExtensions: readonly string[];

  /** @throws ConverterConfigError when something in the options is no path. */
  constructor(options: XmlConverterOptions<TReport> = {}) {
    super(options);
    this.name = options.name ?? 'xml';
    this.version = options.version ?? '1.0.0';
    this.supportedExtensions = options.extensions ?? ['.xml'];
    compileMapping(this.name, options);
  }

  async convert(
    source: ConverterSource,
    context: ConverterContext<XmlConverterOptions<TReport>>,
  ): Promise<Conversion<TReport>> {
    const { map, encoding, maxBytes, maxDepth, ...mapping } = context.arguments;
    // Again: the pool's configuration may have added to the options.
    const compiled = compileMapping(this.name, mapping);
    const root = await readXml(source, { encoding, maxBytes, maxDepth, signal: context.signal });
    if (map) return map(root, source, context);
    const reports: readonly object[] = await mapReports(root, compiled, source, context);
    return reports as readonly TReport[];
  }
}

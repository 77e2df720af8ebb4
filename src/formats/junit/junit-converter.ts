/** Converts JUnit XML, which most test runners write. */
import { ConverterBase, type ConverterContext } from '../../converters/converter-base.js';
import { ConverterResult } from '../../converters/converter-result.js';
import type { ConverterSource } from '../../converters/source.js';
import type { WsjfUutReport } from '../../report/wsjf.js';
import { checkReportFields, type ReportFields, type ReportMaking } from '../mapping/report-fields.js';
import { unexpected } from '../place.js';
import type { XmlElement } from '../xml/xml-element.js';
import { readXml } from '../xml/xml-reader.js';
import { foreignElements, type JunitCase, toCase } from './junit-case.js';
import { toReport } from './junit-report.js';

/** Options of {@link JunitXmlConverter}. */
export interface JunitXmlConverterOptions extends Pick<ReportMaking, 'defaults'> {
  /** The converter's name, unique in the pool. Default `junit`. */
  name?: string;
  /** Raise it when a function among the options changes: files that failed before are taken up again. Default '1.0.0'. */
  version?: string;
  /** Endings of the files that it converts. Default `.xml`. */
  extensions?: readonly string[];
  /** Bigger files fail. Default 32 MiB. */
  maxBytes?: number;
  /**
   * Names of the properties of the suites that hold fields of the report, such as `{ sn: 'serial' }`; `@name` is an
   * attribute of a suite. Default `{ start: '@timestamp', machineName: '@hostname', execTime: '@time' }`, which stays
   * where it is not named.
   */
  report?: ReportFields;
}

/**
 * Converts JUnit XML: a file is a report, each suite a sequence, each test case a step that passes, fails, errs or was
 * skipped. The serial number and the like come from properties, from options, or from the name of the file:
 *
 * ```ts
 * new JunitXmlConverter({
 *   report: { sn: 'serial_number' },
 *   defaults: { pn: 'PART-1', rev: 'A', processCode: 10, location: 'Line 2', purpose: 'Production' },
 * })
 * ```
 *
 * What a report has no place for, such as the output of a test, is left out and named in a warning. Fails with a
 * `FileFormatError` that names line, column and what was expected.
 */
export class JunitXmlConverter extends ConverterBase<WsjfUutReport, JunitXmlConverterOptions> {
  readonly name: string;
  override readonly version: string;
  readonly supportedExtensions: readonly string[];

  /** @throws ConverterConfigError when `report` names a field that does not exist. */
  constructor(options: JunitXmlConverterOptions = {}) {
    super(options);
    this.name = options.name ?? 'junit';
    this.version = options.version ?? '1.0.0';
    this.supportedExtensions = options.extensions ?? ['.xml'];
    checkReportFields(this.name, options.report ?? {});
  }

  async convert(
    source: ConverterSource,
    context: ConverterContext<JunitXmlConverterOptions>,
  ): Promise<ConverterResult<WsjfUutReport>> {
    const { maxBytes, report: fields = {}, ...making } = context.arguments;
    const cases = new Map<XmlElement, JunitCase>();
    const leftOut = new Map<string, number>();
    const onElement = (element: XmlElement): void => {
      if (element.name !== 'testcase') return;
      for (const name of foreignElements(element)) leftOut.set(name, (leftOut.get(name) ?? 0) + 1);
      cases.set(element, toCase(element));
      element.children.length = 0;
    };
    const root = await readXml(source, { maxBytes, signal: context.signal, onElement });
    if (root.name !== 'testsuites' && root.name !== 'testsuite') {
      throw unexpected(root.place, '<testsuites> or <testsuite> of JUnit', `<${root.name}>`);
    }
    if (cases.size === 0) return ConverterResult.skipped('there is no test case in it');
    const warnings = [...leftOut].map(
      ([name, count]) => `${count} of <${name}> left out: a report has no place for it`,
    );
    const made = await toReport({ root, cases, fields, making, source, context });
    return ConverterResult.success(made, { warnings });
  }
}

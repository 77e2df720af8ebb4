/** Converts the XML reports of NI TestStand. */
import { ConverterBase, type ConverterContext } from '../../converters/converter-base.js';
import { ConverterResult } from '../../converters/converter-result.js';
import type { ConverterSource } from '../../converters/source.js';
import type { WsjfUutReport } from '../../report/wsjf.js';
import type { WsjfStep } from '../../report/wsjf-step.js';
import type { Notation } from '../mapping/cell.js';
import type { ReportMaking } from '../mapping/report-fields.js';
import { located, unexpected } from '../place.js';
import { validStep } from '../valid-step.js';
import { attributeOf, type XmlElement } from '../xml/xml-element.js';
import { readXml } from '../xml/xml-reader.js';
import { type Property, PropertyReader, propertyAt } from './property.js';
import { toReport } from './teststand-report.js';
import { foreignProperties, resultsIn, statusOf, toStep } from './teststand-step.js';

/** Options of {@link TestStandXmlConverter}. */
export interface TestStandXmlConverterOptions extends Pick<ReportMaking, 'defaults'>, Pick<Notation, 'statuses'> {
  /** The converter's name, unique in the pool. Default `teststand`. */
  name?: string;
  /** Raise it when a function among the options changes: files that failed before are taken up again. Default '1.0.0'. */
  version?: string;
  /** Endings of the files that it converts. Default `.xml`. */
  extensions?: readonly string[];
  /** Bigger files fail. Default 32 MiB. */
  maxBytes?: number;
}

/**
 * Converts XML reports of NI TestStand, one report for each unit in the file: those of its own report generator
 * (`<Reports>`) and those of the WATS one (`<TSReport>`). The former do not hold all that a server wants:
 *
 * ```ts
 * new TestStandXmlConverter({
 *   defaults: { pn: 'PART-1', rev: 'A', processCode: 10, location: 'Line 2', purpose: 'Production' },
 * })
 * ```
 *
 * Statuses are TestStand's own and are not computed anew. What step types of your own add to their results is left out
 * and named in a warning. Fails with a `FileFormatError` that names line, column and what was expected.
 */
export class TestStandXmlConverter extends ConverterBase<WsjfUutReport, TestStandXmlConverterOptions> {
  readonly name: string;
  override readonly version: string;
  readonly supportedExtensions: readonly string[];

  constructor(options: TestStandXmlConverterOptions = {}) {
    super(options);
    this.name = options.name ?? 'teststand';
    this.version = options.version ?? '1.0.0';
    this.supportedExtensions = options.extensions ?? ['.xml'];
  }

  async convert(
    source: ConverterSource,
    context: ConverterContext<TestStandXmlConverterOptions>,
  ): Promise<ConverterResult<WsjfUutReport>> {
    const { maxBytes } = context.arguments;
    const reading = new Reading(source, context);
    const root = await readXml(source, {
      maxBytes,
      signal: context.signal,
      onElement: element => reading.take(element),
    });
    if (root.name !== 'Reports' && root.name !== 'TSReport' && root.name !== 'Report') {
      throw unexpected(root.place, '<Reports> or <TSReport> of TestStand', `<${root.name}>`);
    }
    if (reading.reports.length === 0) throw unexpected(root.place, 'the report of a unit in it');
    return ConverterResult.success(reading.reports, { warnings: reading.warnings });
  }
}

/** Turns results into steps as soon as they are complete, so that the file is never in memory as a whole. */
class Reading {
  readonly reports: WsjfUutReport[] = [];
  readonly #source: ConverterSource;
  readonly #context: ConverterContext<TestStandXmlConverterOptions>;
  readonly #properties = new PropertyReader();
  readonly #steps = new Map<Property, WsjfStep>();
  readonly #leftOut = new Map<string, number>();

  constructor(source: ConverterSource, context: ConverterContext<TestStandXmlConverterOptions>) {
    this.#source = source;
    this.#context = context;
  }

  get warnings(): string[] {
    return [...this.#leftOut].map(([what, count]) => `${count} of ${what} left out: a report has no place for it`);
  }

  take(element: XmlElement): void {
    if (element.name === 'ArrayElementPrototype' || element.name === 'Attributes') {
      // What elements of an array are like and how properties are to be shown: nothing that was measured.
      element.children.length = 0;
    } else if (element.name === 'Report' || element.name === 'TSReport') {
      this.#takeReport(element);
    } else {
      const property = this.#properties.take(element);
      if (property?.type === 'TEResult' && propertyAt(property, 'TS')) this.#takeResult(property);
    }
  }

  #takeResult(result: Property): void {
    for (const name of foreignProperties(result)) this.#count(`'${name}'`);
    const steps = this.#takeSteps(resultsIn(result));
    this.#steps.set(result, validStep(toStep(result, steps, this.#context.arguments), result.place));
  }

  #takeReport(element: XmlElement): void {
    const type = attributeOf(element, 'Type');
    const properties = this.#properties.of(element);
    element.children.splice(
      0,
      element.children.length,
      ...element.children.filter(({ name }) => name === 'ReportInfo'),
    );
    if (type !== undefined && type !== 'UUT') {
      this.#count(`reports of type '${type}'`);
      return;
    }
    const results = properties.filter(({ type: of }) => of === 'TEResult');
    const [root, second] = this.#takeSteps(results);
    if (!root || !results[0] || second) throw unexpected(element.place, 'one result of a main sequence in the report');
    const { arguments: options } = this.#context;
    const step = numbered(root, { id: 0 });
    try {
      const result = statusOf(results[0], options);
      const report = { element, properties, root: step, result: result === 'S' ? 'P' : result } as const;
      this.reports.push(toReport(report, options, this.#source, this.#context));
    } catch (thrown) {
      throw located(element.place, thrown);
    }
  }

  #takeSteps(results: readonly Property[]): WsjfStep[] {
    return results.flatMap(result => {
      const step = this.#steps.get(result);
      this.#steps.delete(result);
      return step ? [step] : [];
    });
  }

  #count(what: string): void {
    this.#leftOut.set(what, (this.#leftOut.get(what) ?? 0) + 1);
  }
}

/** Gives ids to a step and those within it, in their order. */
function numbered(step: WsjfStep, last: { id: number }): WsjfStep {
  last.id += 1;
  step.id = last.id;
  for (const inner of step.steps ?? []) numbered(inner, last);
  return step;
}

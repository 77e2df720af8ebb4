/** Converts WSXF, the XML of WATS servers. */
import { ConverterBase, type ConverterContext } from '../../converters/converter-base.js';
import { ConverterResult } from '../../converters/converter-result.js';
import type { ConverterSource } from '../../converters/source.js';
import { invalidReport } from '../../report/invalid-report.js';
import { validateWsjf } from '../../report/validate-wsjf.js';
import type { WsjfUutReport } from '../../report/wsjf.js';
import type { WsjfStep } from '../../report/wsjf-step.js';
import { located, unexpected } from '../place.js';
import { validStep } from '../valid-step.js';
import type { XmlElement } from '../xml/xml-element.js';
import { readXml } from '../xml/xml-reader.js';
import { foreignElements as foreignInReport, toReport } from './wsxf-report.js';
import { foreignElements as foreignInStep, toStep } from './wsxf-step.js';

/** Options of {@link WsxfConverter}. */
export interface WsxfConverterOptions {
  /** The converter's name, unique in the pool. Default `wsxf`. */
  name?: string;
  /** Endings of the files that it converts. Default `.xml` and `.wsxf`. */
  extensions?: readonly string[];
  /** Bigger files fail. Default 32 MiB. */
  maxBytes?: number;
}

/**
 * Takes files with the reports of tests in WSXF, and delivers them in WSJF: the same report as a server's WSJF export of
 * the same test. Statuses stay as they are. Elements that WSJF has no place for are named in a warning.
 *
 * Fails with a `FileFormatError` that names line, column and what was expected; one bad report fails the file, so that
 * its reports are delivered all or none. Reports of repairs (`UUR`) are refused.
 */
export class WsxfConverter extends ConverterBase<WsjfUutReport, WsxfConverterOptions> {
  readonly name: string;
  readonly supportedExtensions: readonly string[];

  constructor(options: WsxfConverterOptions = {}) {
    super(options);
    this.name = options.name ?? 'wsxf';
    this.supportedExtensions = options.extensions ?? ['.xml', '.wsxf'];
  }

  async convert(
    source: ConverterSource,
    context: ConverterContext<WsxfConverterOptions>,
  ): Promise<ConverterResult<WsjfUutReport>> {
    const reading = new Reading(source);
    const { maxBytes } = context.arguments;
    const root = await readXml(source, {
      maxBytes,
      signal: context.signal,
      onElement: element => reading.take(element),
    });
    if (root.name !== 'Reports' && root.name !== 'Report') {
      throw unexpected(root.place, '<Reports> of WSXF', `<${root.name}>`);
    }
    if (reading.reports.length === 0) throw unexpected(root.place, 'a <Report> in it');
    return ConverterResult.success(reading.reports, { warnings: reading.warnings });
  }
}

/** Turns elements into steps and reports as soon as they are complete, so that the file is never in memory as a whole. */
class Reading {
  readonly reports: WsjfUutReport[] = [];
  readonly #source: ConverterSource;
  readonly #steps = new Map<XmlElement, WsjfStep>();
  readonly #foreign = new Map<string, number>();

  constructor(source: ConverterSource) {
    this.#source = source;
  }

  get warnings(): string[] {
    return [...this.#foreign].map(([name, count]) => `${count} of <${name}> left out: WSJF has no place for it`);
  }

  take(element: XmlElement): void {
    if (element.name === 'Step') {
      this.#count(foreignInStep(element));
      this.#steps.set(element, validStep(toStep(element, this.#takeSteps(element)), element.place));
      element.children.length = 0;
    } else if (element.name === 'Report') {
      this.#count(foreignInReport(element));
      this.#takeReport(element);
      element.children.length = 0;
    }
  }

  #takeReport(element: XmlElement): void {
    const [root, second] = this.#takeSteps(element);
    if (!root || second) throw unexpected(element.place, 'one <Step> in <Report>: the main sequence');
    const report = toReport(element, root, this.#source);
    // Its steps were checked when they were made.
    const problems = validateWsjf({ ...report, root: { ...root, steps: [] } });
    if (problems.length > 0) throw located(element.place, invalidReport('the report is not valid', problems));
    this.reports.push(report);
  }

  #takeSteps(element: XmlElement): WsjfStep[] {
    const steps: WsjfStep[] = [];
    for (const child of element.children) {
      const step = this.#steps.get(child);
      if (step) steps.push(step);
      this.#steps.delete(child);
    }
    return steps;
  }

  #count(names: readonly string[]): void {
    for (const name of names) this.#foreign.set(name, (this.#foreign.get(name) ?? 0) + 1);
  }
}

/** Makes reports of an XML file by a mapping of paths. */
import type { ConverterContext } from '../../converters/converter-base.js';
import type { ConverterSource } from '../../converters/source.js';
import type { Sequence } from '../../report/sequence.js';
import type { WsjfUutReport } from '../../report/wsjf.js';
import { addStep, checkStepFields, stepFacts } from '../mapping/add-step.js';
import { type Cell, type Notation, readStatus } from '../mapping/cell.js';
import { checkReportFields, makeReport, type ReportFields, type ReportMaking } from '../mapping/report-fields.js';
import {
  STEP_FIELDS,
  type StepConstants,
  type StepField,
  type StepFields,
  type StepKind,
} from '../mapping/step-request.js';
import { unexpected } from '../place.js';
import { Turns } from '../turns.js';
import { validStep } from '../valid-step.js';
import type { XmlElement } from './xml-element.js';
import { cellAt, compilePath, elementsAt, type XmlPath } from './xml-path.js';

/** Elements that are steps: where they are, and the paths of their fields, from each of them. */
export interface XmlStep extends StepFields {
  /** The path of the elements, from the report or from the sequence around them. */
  readonly at: string;
  /** A `sequence` has the steps of `steps` within it. Default `auto`. */
  readonly kind?: StepKind | 'sequence';
  /** What is the same in all of them. */
  readonly constants?: StepConstants;
  /** The steps within a sequence, in the order of the file. */
  readonly steps?: readonly XmlStep[];
}

/** How XML becomes reports without code. Paths are those of {@link XmlConverter}. */
export interface XmlMapping extends ReportMaking, Notation {
  /** The path of the elements that are one report each, from the root. Default: the root is the report. */
  reportAt?: string;
  /** The paths of the fields of the report, from its element. */
  report?: ReportFields;
  /** The elements that are steps of the main sequence, in the order of the file. */
  steps?: readonly XmlStep[];
}

interface CompiledStep {
  readonly step: XmlStep;
  readonly at: XmlPath;
  readonly fields: readonly (readonly [StepField, XmlPath])[];
  readonly steps: readonly CompiledStep[];
}

/** A mapping whose paths are known to be paths. */
export interface CompiledMapping {
  readonly mapping: XmlMapping;
  readonly reportAt: XmlPath;
  readonly steps: readonly CompiledStep[];
  readonly paths: ReadonlyMap<string, XmlPath>;
}

/** @throws ConverterConfigError when it holds something that is no path, or names a field that does not exist. */
export function compileMapping(converter: string, mapping: XmlMapping): CompiledMapping {
  const { report = {}, reportAt = '.', steps = [] } = mapping;
  checkReportFields(converter, report);
  const { miscInfos = {}, ...fields } = report;
  const paths = [...Object.values(fields), ...Object.values(miscInfos)].map(path => [path, compilePath(path)] as const);
  const compiled = steps.map(step => compileStep(converter, step));
  return { mapping, reportAt: compilePath(reportAt), steps: compiled, paths: new Map(paths) };
}

/** @throws FileFormatError with line, column and what was expected. */
export async function mapReports(
  root: XmlElement,
  compiled: CompiledMapping,
  source: ConverterSource,
  context: Pick<ConverterContext, 'stationName' | 'signal'>,
): Promise<WsjfUutReport[]> {
  const turns = new Turns(context.signal);
  const elements = elementsAt(compiled.reportAt, root, root);
  if (elements.length === 0) throw unexpected(root.place, `a report at ${compiled.reportAt.text} of <${root.name}>`);
  const reports: WsjfUutReport[] = [];
  for (const element of elements) {
    const report = makeReport({
      making: compiled.mapping,
      source,
      context,
      fields: compiled.mapping.report ?? {},
      find: text => {
        const path = compiled.paths.get(text);
        return path && cellAt(path, element, root);
      },
      notation: compiled.mapping,
    });
    await addSteps(report.root, compiled.steps, element, { root, mapping: compiled.mapping, turns });
    reports.push(report.finish());
    if (turns.due) await turns.next();
  }
  return reports;
}

function compileStep(converter: string, step: XmlStep): CompiledStep {
  const { at, kind, constants, steps = [], ...fields } = step;
  checkStepFields(converter, Object.keys(fields), ['at', 'kind', 'constants', 'steps']);
  const paths = STEP_FIELDS.flatMap(field => {
    const path = fields[field];
    return path === undefined ? [] : [[field, compilePath(path)] as const];
  });
  const within = steps.map(inner => compileStep(converter, inner));
  return { step, at: compilePath(at), fields: paths, steps: within };
}

interface Work {
  root: XmlElement;
  mapping: XmlMapping;
  turns: Turns;
}

async function addSteps(
  sequence: Sequence,
  steps: readonly CompiledStep[],
  from: XmlElement,
  work: Work,
): Promise<void> {
  const { root, mapping, turns } = work;
  const found = steps.flatMap(step => elementsAt(step.at, from, root).map(element => ({ step, element })));
  if (steps.length > 1) found.sort((a, b) => inOrder(a.element, b.element));
  for (const { step, element } of found) {
    const cells: Partial<Record<StepField, Cell>> = {};
    for (const [field, path] of step.fields) {
      const cell = cellAt(path, element, root);
      if (cell && cell.text !== '') cells[field] = cell;
    }
    const { kind, constants } = step.step;
    const request = { cells, constants, notation: mapping, place: element.place };
    if (kind !== 'sequence') addStep(sequence, { ...request, kind });
    else {
      const facts = stepFacts(request);
      const status = cells.status ? { status: readStatus(cells.status, mapping) } : {};
      const inner = sequence.sequence({ ...facts, ...status });
      validStep(inner.own, element.place);
      await addSteps(inner, step.steps, element, work);
    }
    if (turns.due) await turns.next();
  }
}

function inOrder({ place: a }: XmlElement, { place: b }: XmlElement): number {
  return a.line - b.line || a.column - b.column;
}

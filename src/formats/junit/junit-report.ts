/** Makes a report of the test suites of a JUnit file. */
import type { ConverterContext } from '../../converters/converter-base.js';
import type { ConverterSource } from '../../converters/source.js';
import type { Sequence } from '../../report/sequence.js';
import type { WsjfUutReport } from '../../report/wsjf.js';
import { defined } from '../defined.js';
import type { Cell } from '../mapping/cell.js';
import { makeReport, type ReportFields, type ReportMaking } from '../mapping/report-fields.js';
import type { Place } from '../place.js';
import { Turns } from '../turns.js';
import { validStep } from '../valid-step.js';
import { attributeCell, finiteAt } from '../xml/attribute-values.js';
import { attributeOf, childOf, childrenOf, type XmlElement } from '../xml/xml-element.js';
import type { JunitCase } from './junit-case.js';

/** Names of steps are at most as long. */
const NAME_LENGTH = 100;
const PATH_LENGTH = 500;

/** What a report is made from. */
export interface JunitFile {
  root: XmlElement;
  cases: ReadonlyMap<XmlElement, JunitCase>;
  /** Names of properties with the fields of the report. */
  fields: ReportFields;
  making: Pick<ReportMaking, 'defaults'>;
  source: ConverterSource;
  context: Pick<ConverterContext, 'stationName' | 'signal'>;
}

/** @throws FileFormatError when something that every report needs is in neither file nor options. */
export async function toReport(file: JunitFile): Promise<WsjfUutReport> {
  const { root, fields, making, source, context } = file;
  const suites = root.name === 'testsuite' ? [root] : childrenOf(root, 'testsuite');
  const find = (place: string): Cell | undefined => {
    if (place.startsWith('@')) {
      return [root, ...suites].map(suite => attributeCell(suite, place.slice(1))).find(cell => cell !== undefined);
    }
    return [root, ...suites].map(suite => propertyOf(suite, place)).find(cell => cell !== undefined);
  };
  const report = makeReport({
    making,
    source,
    context,
    fields: { start: '@timestamp', machineName: '@hostname', execTime: '@time', ...fields },
    find,
    notation: {},
  });
  const turns = new Turns(context.signal);
  for (const suite of suites) await addSuite(report.root, suite, file, turns);
  return report.finish();
}

async function addSuite(parent: Sequence, suite: XmlElement, file: JunitFile, turns: Turns): Promise<void> {
  const name = attributeOf(suite, 'name') ?? 'testsuite';
  const sequence = addSequence(parent, name, finiteAt(suite, 'time'), suite.place);
  const classes = new Map<string, Sequence>();
  for (const child of suite.children) {
    const testCase = file.cases.get(child);
    if (testCase) addCase(classOf(sequence, classes, name, testCase.className, child.place), testCase, child.place);
    else if (child.name === 'testsuite') await addSuite(sequence, child, file, turns);
    if (turns.due) await turns.next();
  }
}

/** Cases of a class are together, where it is not the suite itself. */
function classOf(
  suite: Sequence,
  classes: Map<string, Sequence>,
  suiteName: string,
  className: string | undefined,
  place: Place,
): Sequence {
  if (className === undefined || className === suiteName) return suite;
  const sequence = classes.get(className) ?? addSequence(suite, className, undefined, place);
  classes.set(className, sequence);
  return sequence;
}

function addSequence(parent: Sequence, name: string, totTime: number | undefined, place: Place): Sequence {
  const path = name.slice(0, PATH_LENGTH);
  const sequence = parent.sequence({ name: shortened(name), path, ...defined({ totTime }) });
  validStep(sequence.own, place);
  return sequence;
}

function addCase(sequence: Sequence, { name, status, seconds, errorMessage, text }: JunitCase, place: Place): void {
  const short = shortened(name);
  const reportText = [...(short === name ? [] : [name]), ...(text === undefined ? [] : [text])].join('\n');
  const facts = defined({ totTime: seconds, errorMessage, reportText: reportText || undefined });
  validStep(sequence.passFail({ name: short, status, ...facts }), place);
}

/** The end of a name that is too long: its beginning is a package as a rule. */
function shortened(name: string): string {
  return name.length <= NAME_LENGTH ? name : `…${name.slice(1 - NAME_LENGTH)}`;
}

function propertyOf(suite: XmlElement, name: string): Cell | undefined {
  const property = childrenOf(childOf(suite, 'properties'), 'property').find(
    ({ attributes }) => attributes.name === name,
  );
  const text = property && (attributeOf(property, 'value') ?? property.text).trim();
  return property && text ? { text, place: { ...property.place, what: `property '${name}'` } } : undefined;
}

/** A step of WSXF as a step of WSJF. */
import type {
  WsjfAttachment,
  WsjfBooleanMeasurement,
  WsjfChart,
  WsjfLoop,
  WsjfNumericMeasurement,
  WsjfStep,
  WsjfStringMeasurement,
} from '../../report/wsjf-step.js';
import { defined } from '../defined.js';
import { unexpected } from '../place.js';
import {
  booleanAt,
  demanded,
  finiteAt,
  integerAt,
  numberAt,
  operatorAt,
  statusAt,
  timeAt,
} from '../xml/attribute-values.js';
import { attributeOf, childOf, childrenOf, type XmlElement } from '../xml/xml-element.js';

/** What a step may hold. */
const KNOWN = new Set([
  'Step',
  'SequenceCall',
  'NumericLimit',
  'PassFail',
  'StringValue',
  'ReportText',
  'Chart',
  'Loop',
  'MessagePopup',
  'Callexe',
  'Attachment',
]);

/** Names of the elements of a step that WSJF has no place for. */
export function foreignElements(step: XmlElement): string[] {
  return step.children.map(({ name }) => name).filter(name => !KNOWN.has(name));
}

/**
 * The step as WSJF has it.
 * @param steps Those within it.
 * @throws FileFormatError with line and column when it is no step of WSXF.
 */
export function toStep(element: XmlElement, steps: readonly WsjfStep[]): WsjfStep {
  const text = (name: string) => attributeOf(element, name);
  const call = childOf(element, 'SequenceCall');
  const loop = childOf(element, 'Loop');
  const popup = childOf(element, 'MessagePopup');
  const exe = childOf(element, 'Callexe');
  const chart = childOf(element, 'Chart');
  const attachment = childOf(element, 'Attachment');
  const reportText = childOf(element, 'ReportText')?.text;
  return {
    ...defined({ id: integerAt(element, 'Id'), group: toGroup(element) }),
    stepType: text('StepType') ?? (steps.length > 0 ? 'SequenceCall' : 'Action'),
    ...defined({ loop: loop && toLoop(loop) }),
    name: demanded(element, 'Name').text,
    status: statusAt(element, 'Status'),
    ...defined({
      start: timeAt(element, 'Start'),
      errorCode: integerAt(element, 'StepErrorCode'),
      errorMessage: text('StepErrorMessage'),
      totTime: finiteAt(element, 'total_time'),
      tsGuid: text('TSGuid'),
      causedSeqFailure: booleanAt(element, 'StepCausedSequenceFailure'),
      causedUUTFailure: booleanAt(element, 'StepCausedUUTFailure'),
      reportText: reportText || undefined,
    }),
    ...list('numericMeas', childrenOf(element, 'NumericLimit').map(toNumeric)),
    ...list('booleanMeas', childrenOf(element, 'PassFail').map(toBoolean)),
    ...list('stringMeas', childrenOf(element, 'StringValue').map(toText)),
    ...(chart ? { chart: toChart(chart) } : {}),
    ...(attachment ? { attachment: toAttachment(attachment) } : {}),
    ...(popup
      ? {
          messagePopup: defined({ response: attributeOf(popup, 'Response'), button: integerAt(popup, 'Button') }),
        }
      : {}),
    ...(exe ? { callExe: defined({ exitCode: finiteAt(exe, 'ExitCode') }) } : {}),
    ...(steps.length > 0 ? { steps: [...steps] } : {}),
    ...(call || steps.length > 0 ? { seqCall: toCall(call ?? element) } : {}),
  };
}

function toGroup(element: XmlElement): 'S' | 'M' | 'C' | undefined {
  const word = attributeOf(element, 'Group');
  if (word === undefined) return undefined;
  const group = GROUPS.get(word.toLowerCase());
  if (group) return group;
  throw unexpected({ ...element.place, what: 'Step/@Group' }, 'Setup, Main or Cleanup', word);
}

const GROUPS = new Map<string, 'S' | 'M' | 'C'>([
  ['setup', 'S'],
  ['main', 'M'],
  ['cleanup', 'C'],
]);

function toCall(element: XmlElement): NonNullable<WsjfStep['seqCall']> {
  const name = attributeOf(element, 'Name') ?? '';
  return {
    path: attributeOf(element, 'Filepath') ?? attributeOf(element, 'Filename') ?? name,
    name,
    ...defined({ version: attributeOf(element, 'Version') }),
  };
}

function toLoop(element: XmlElement): WsjfLoop {
  return defined({
    idx: integerAt(element, 'index'),
    num: integerAt(element, 'num'),
    endingIndex: integerAt(element, 'ending_index'),
    passed: integerAt(element, 'passed'),
    failed: integerAt(element, 'failed'),
  });
}

function toNumeric(element: XmlElement): WsjfNumericMeasurement {
  const value = numberAt(element, 'NumericValue') ?? demanded(element, 'NumericValue').text;
  return {
    compOp: operatorAt(element, 'CompOperator') ?? 'LOG',
    ...defined({ name: attributeOf(element, 'Name') }),
    status: statusAt(element, 'Status'),
    ...defined({ unit: attributeOf(element, 'Units') }),
    value,
    ...defined({ highLimit: numberAt(element, 'HighLimit'), lowLimit: numberAt(element, 'LowLimit') }),
  };
}

function toBoolean(element: XmlElement): WsjfBooleanMeasurement {
  return { ...defined({ name: attributeOf(element, 'Name') }), status: statusAt(element, 'Status') };
}

function toText(element: XmlElement): WsjfStringMeasurement {
  const value = element.attributes.StringValue;
  // An empty text is a text.
  if (value === undefined) throw unexpected(element.place, "attribute 'StringValue' of <StringValue>");
  return {
    compOp: operatorAt(element, 'CompOperator') ?? 'LOG',
    ...defined({ name: attributeOf(element, 'Name') }),
    status: statusAt(element, 'Status'),
    value,
    ...defined({ limit: element.attributes.StringLimit }),
  };
}

function toChart(element: XmlElement): WsjfChart {
  return {
    chartType: demanded(element, 'ChartType').text as WsjfChart['chartType'],
    label: demanded(element, 'Label').text,
    ...defined({
      xLabel: attributeOf(element, 'XLabel'),
      xUnit: attributeOf(element, 'XUnit'),
      yLabel: attributeOf(element, 'YLabel'),
      yUnit: attributeOf(element, 'YUnit'),
    }),
    series: childrenOf(element, 'Series').map(series => ({
      dataType: attributeOf(series, 'DataType') ?? 'XYG',
      name: demanded(series, 'Name').text,
      ...defined({
        xdata: childOf(series, 'xdata')?.text.trim() || undefined,
        ydata: childOf(series, 'ydata')?.text.trim() || undefined,
      }),
    })),
  };
}

function toAttachment(element: XmlElement): WsjfAttachment {
  return {
    name: demanded(element, 'Name').text,
    ...defined({ contentType: attributeOf(element, 'ContentType') }),
    data: element.text.replace(/\s+/g, ''),
  };
}

function list<K extends string, T>(name: K, values: T[]): { [P in K]?: T[] } {
  return (values.length > 0 ? { [name]: values } : {}) as { [P in K]?: T[] };
}

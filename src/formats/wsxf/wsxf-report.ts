/** A report of WSXF as a report of WSJF. */

import type { ConverterSource } from '../../converters/source.js';
import { localTime, utcTime } from '../../report/start-time.js';
import type { ReportResult } from '../../report/status.js';
import type { WsjfAsset, WsjfMiscInfo, WsjfSubUnit, WsjfUut, WsjfUutReport } from '../../report/wsjf.js';
import type { WsjfStep } from '../../report/wsjf-step.js';
import { defined } from '../defined.js';
import { demandFields } from '../mapping/report-fields.js';
import { unexpected } from '../place.js';
import { demanded, finiteAt, integerAt, statusAt, timeAt } from '../xml/attribute-values.js';
import { attributeOf, childOf, childrenOf, type XmlElement } from '../xml/xml-element.js';

/** What a report may hold. */
const KNOWN = new Set(['UUT', 'Process', 'MiscInfo', 'ReportUnitHierarchy', 'Asset', 'Step']);

/** Names of the elements of a report that WSJF has no place for. */
export function foreignElements(report: XmlElement): string[] {
  return report.children.map(({ name }) => name).filter(name => !KNOWN.has(name));
}

/**
 * The report as WSJF has it.
 * @param root Its step.
 * @throws FileFormatError with line and column when it is no report of a test.
 */
export function toReport(
  element: XmlElement,
  root: WsjfStep,
  source: ConverterSource,
): WsjfUutReport & { origin?: string; productName?: string } {
  const type = attributeOf(element, 'type');
  if (type !== undefined && type !== 'UUT') {
    throw unexpected({ ...element.place, what: 'Report/@type' }, 'UUT: repairs are not read from WSXF', type);
  }
  const text = (name: string) => attributeOf(element, name);
  const process = childOf(element, 'Process');
  const start = timeAt(element, 'Start') ?? text('Start_utc');
  const header = {
    ...defined({
      id: text('ID')?.toLowerCase(),
      pn: text('PN'),
      sn: text('SN'),
      rev: text('Rev'),
      productName: text('ProductName'),
      processCode: process && integerAt(process, 'Code'),
      processName: attributeOf(process, 'Name'),
    }),
    result: statusAt(element, 'Result') as ReportResult,
    ...defined({
      machineName: text('MachineName'),
      location: text('Location'),
      purpose: text('Purpose'),
      origin: text('origin'),
      start: start && localTime(start),
      startUTC: text('Start_utc') ?? (start && utcTime(start)),
    }),
  };
  demandFields({ source, fields: FIELDS }, header);
  return {
    type: 'T',
    ...(header as Omit<WsjfUutReport, 'type' | 'root' | 'uut'>),
    root,
    uut: toUut(childOf(element, 'UUT')),
    ...list('miscInfos', childrenOf(element, 'MiscInfo').map(toMiscInfo)),
    ...list('subUnits', childrenOf(element, 'ReportUnitHierarchy').map(toSubUnit)),
    ...list('assets', childrenOf(element, 'Asset').map(toAsset)),
  };
}

/** Where each field is, for the error that names it. */
const FIELDS = {
  pn: 'Report/@PN',
  sn: 'Report/@SN',
  rev: 'Report/@Rev',
  processCode: 'Process/@Code',
  machineName: 'Report/@MachineName',
  location: 'Report/@Location',
  purpose: 'Report/@Purpose',
  start: 'Report/@Start',
} as const;

function toUut(element: XmlElement | undefined): WsjfUut {
  if (!element) return {};
  return defined({
    user: attributeOf(element, 'UserLoginName'),
    comment: childOf(element, 'Comment')?.text || undefined,
    execTime: finiteAt(element, 'ExecutionTime'),
    fixtureId: attributeOf(element, 'FixtureId'),
    testSocketIndex: integerAt(element, 'TestSocketIndex'),
    errorCode: integerAt(element, 'ErrorCode'),
    errorMessage: attributeOf(element, 'ErrorMessage'),
    batchSN: attributeOf(element, 'BatchSN'),
    batchFailCount: integerAt(element, 'BatchFailCount'),
    batchLoopIndex: integerAt(element, 'BatchLoopIndex'),
    stepIdCausedUUTFailure: integerAt(element, 'StepIdCausedUUTFailure'),
  });
}

function toMiscInfo(element: XmlElement): WsjfMiscInfo {
  return {
    description: demanded(element, 'Description').text,
    ...defined({
      text: element.text || undefined,
      numeric: finiteAt(element, 'Numeric'),
      typedef: attributeOf(element, 'Typedef'),
    }),
  };
}

function toSubUnit(element: XmlElement): WsjfSubUnit {
  return {
    partType: attributeOf(element, 'PartType') ?? 'Unknown',
    pn: demanded(element, 'PN').text,
    ...defined({ rev: attributeOf(element, 'Rev') }),
    sn: demanded(element, 'SN').text,
    ...defined({ position: integerAt(element, 'Position') }),
  };
}

function toAsset(element: XmlElement): WsjfAsset {
  return { sn: demanded(element, 'SN').text, ...defined({ usageCount: finiteAt(element, 'UsageCount') }) };
}

function list<K extends string, T>(name: K, values: T[]): { [P in K]?: T[] } {
  return (values.length > 0 ? { [name]: values } : {}) as { [P in K]?: T[] };
}

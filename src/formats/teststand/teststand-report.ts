/** What a report of TestStand says outside its results. */
import type { ConverterContext } from '../../converters/converter-base.js';
import type { ConverterSource } from '../../converters/source.js';
import type { ReportOptions } from '../../report/report-builder.js';
import type { StepStatus } from '../../report/status.js';
import { UutReport } from '../../report/uut-report.js';
import type { WsjfUutReport } from '../../report/wsjf.js';
import type { WsjfStep } from '../../report/wsjf-step.js';
import { defined } from '../defined.js';
import type { Cell, Notation } from '../mapping/cell.js';
import { makeReport, type ReportField, type ReportFields, type ReportMaking } from '../mapping/report-fields.js';
import { attributeOf, childrenOf, type XmlElement } from '../xml/xml-element.js';
import { cellAt, integerIn, type Property, propertyAt, textAt } from './property.js';

/** The places of each field, the first that holds something counts. `key:` is a `ReportInfo` of the WATS report generator. */
const PLACES: Readonly<Partial<Record<ReportField, readonly string[]>>> = {
  id: ['key:ID'],
  pn: ['key:PN', 'UUT.UUTPartNumber', 'UUT.PartNumber'],
  sn: ['key:SN', 'UUT.SerialNumber'],
  rev: ['key:Rev', 'UUT.UUTPartRevisionNumber'],
  processCode: ['key:PCode', 'UUT.UUTOperationType'],
  machineName: ['StationInfo.StationComputerName', 'StationInfo.StationID'],
  location: ['StationInfo.Location'],
  purpose: ['StationInfo.Purpose'],
  start: ['key:Start', 'start'],
  user: ['StationInfo.LoginName'],
  comment: ['UUT.Comment'],
  fixtureId: ['UUT.UUT_Fixture_ID'],
  batchSN: ['UUT.BatchSerialNumber'],
  testSocketIndex: ['UUT.TestSocketIndex'],
};
const FIELDS = Object.fromEntries(
  Object.entries(PLACES).map(([field, places]) => [field, places.join(', ')]),
) as ReportFields;

/** What a report is made from. */
export interface TestStandReport {
  element: XmlElement;
  properties: readonly Property[];
  /** The step of the main sequence. */
  root: WsjfStep;
  result: StepStatus;
}

/** @throws FileFormatError when something that every report needs is in neither file nor options. */
export function toReport(
  { element, properties, root, result }: TestStandReport,
  making: ReportMaking & Notation,
  source: ConverterSource,
  context: Pick<ConverterContext, 'stationName'>,
): WsjfUutReport {
  const top: Property = {
    name: '',
    type: '',
    text: '',
    properties: new Map(properties.map(property => [property.name, property])),
    elements: [],
    place: element.place,
  };
  const find = (places: string): Cell | undefined =>
    places
      .split(', ')
      .map(place => findIn(top, element, place))
      .find(cell => cell !== undefined);
  const header = makeReport({ making, source, context, fields: FIELDS, find, notation: making }).toWsjf();
  const report = new UutReport({
    ...header,
    result: result as ReportOptions['result'],
    root,
    uut: { ...header.uut, ...defined({ execTime: root.totTime ?? undefined }) },
  } as WsjfUutReport);
  addMore(report, propertyAt(top, 'UUT.MiscUUTResult'));
  return report.finish();
}

function findIn(top: Property, element: XmlElement, place: string): Cell | undefined {
  if (place === 'start') return startOf(top);
  if (!place.startsWith('key:')) return cellAt(top, place);
  const info = childrenOf(element, 'ReportInfo').find(({ attributes }) => attributes.key === place.slice(4));
  const text = attributeOf(info, 'value');
  return info && text ? { text, place: { ...info.place, what: place.slice(4) } } : undefined;
}

/** Date and time stand apart, by the clock of the tester and without an offset. */
function startOf(top: Property): Cell | undefined {
  const date = propertyAt(top, 'StartDate');
  if (!date) return undefined;
  const digits = (path: string, length: number) => String(integerIn(top, path) ?? 0).padStart(length, '0');
  const day = ['Year', 'Month', 'MonthDay'].map((name, index) => digits(`StartDate.${name}`, index === 0 ? 4 : 2));
  const time = ['Hours', 'Minutes', 'Seconds'].map(name => digits(`StartTime.${name}`, 2));
  const text = `${day.join('-')}T${time.join(':')}.${digits('StartTime.Milliseconds', 3)}`;
  return { text, place: { ...date.place, what: 'StartDate and StartTime' } };
}

/** Facts and parts, as the step types of WATS write them. */
function addMore(report: UutReport, more: Property | undefined): void {
  for (const fact of propertyAt(more, 'Misc_UUT_Info')?.elements ?? []) {
    const description = textAt(fact, 'Description');
    const value = textAt(fact, 'Data_String') ?? integerIn(fact, 'Data_Numeric');
    if (description !== undefined && value !== undefined) report.addMiscInfo(description, value);
  }
  for (const part of propertyAt(more, 'UUT_Part_Info')?.elements ?? []) {
    report.addSubUnit({
      ...defined({ partType: textAt(part, 'Part_Type'), rev: textAt(part, 'Part_Revision_Number') }),
      pn: textAt(part, 'Part_Number') ?? '',
      sn: textAt(part, 'Part_Serial_Number') ?? '',
    });
  }
}

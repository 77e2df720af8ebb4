/** The fields of a report that a file holds outside its steps: which there are, and how they become a report. */
import type { ConverterContext } from '../../converters/converter-base.js';
import type { ConverterSource } from '../../converters/source.js';
import { ConverterConfigError, FileFormatError } from '../../errors.js';
import type { ReportMode } from '../../report/measurements.js';
import type { ReportOptions } from '../../report/report-builder.js';
import { UutReport, type UutReportOptions } from '../../report/uut-report.js';
import type { WsjfUut } from '../../report/wsjf.js';
import { type Cell, type Notation, readFinite, readInteger, readStatus, readTime } from './cell.js';

/** A field of a report outside its steps. Those from `user` on are in its `uut`. */
export type ReportField =
  | 'id'
  | 'pn'
  | 'sn'
  | 'rev'
  | 'processCode'
  | 'processName'
  | 'machineName'
  | 'location'
  | 'purpose'
  | 'start'
  | 'result'
  | 'user'
  | 'comment'
  | 'execTime'
  | 'fixtureId'
  | 'batchSN'
  | 'testSocketIndex'
  | 'errorCode'
  | 'errorMessage';

/** How each field is read. */
const HEADER_FIELDS = {
  id: 'text',
  pn: 'text',
  sn: 'text',
  rev: 'text',
  processCode: 'integer',
  processName: 'text',
  machineName: 'text',
  location: 'text',
  purpose: 'text',
  start: 'time',
  result: 'status',
} as const satisfies Partial<Record<ReportField, string>>;
const UUT_FIELDS = {
  user: 'text',
  comment: 'text',
  execTime: 'number',
  fixtureId: 'text',
  batchSN: 'text',
  testSocketIndex: 'integer',
  errorCode: 'integer',
  errorMessage: 'text',
} as const satisfies Record<Exclude<ReportField, keyof typeof HEADER_FIELDS>, string>;
const REQUIRED = ['pn', 'sn', 'rev', 'processCode', 'machineName', 'location', 'purpose', 'start'] as const;

/** Where the fields of a report are in a file: a column of a table, or a path in XML. */
export type ReportFields = Readonly<Partial<Record<ReportField, string>>> & {
  /** Facts that the format has no field for, by their descriptions. */
  readonly miscInfos?: Readonly<Record<string, string>>;
};

/** What a file does not say of a report. */
export type ReportDefaults = Partial<ReportOptions> & { uut?: WsjfUut };

/** Options of every converter that makes WSJF reports of tests. */
export interface ReportMaking {
  /**
   * Fields that the file does not hold, such as `location`; what the file holds wins. A function where they are to be
   * found in the name of the file. `machineName` is the pool's `stationName` unless it is given.
   */
  defaults?: ReportDefaults | ((source: ConverterSource) => ReportDefaults);
  /** Who says whether measurements pass; see {@link ReportMode}. A status in the file always counts. Default `active`. */
  mode?: ReportMode;
}

/** What {@link makeReport} needs. */
export interface ReportRequest {
  making: ReportMaking;
  source: ConverterSource;
  context: Pick<ConverterContext, 'stationName'>;
  fields: ReportFields;
  /** What the file holds at one of the places that `fields` name; `undefined` or an empty cell where it is not there. */
  find: (place: string) => Cell | undefined;
  notation: Notation;
}

/**
 * A report with all that a file says outside its steps.
 * @throws FileFormatError when a field cannot be read, or one that every report needs is in neither file nor defaults.
 */
export function makeReport(request: ReportRequest): UutReport {
  const { making, fields, notation } = request;
  const find = (place: string | undefined): Cell | undefined => {
    const cell = place === undefined ? undefined : request.find(place);
    return cell && cell.text !== '' ? cell : undefined;
  };
  const read = (name: ReportField, how: 'text' | 'integer' | 'number' | 'time' | 'status'): unknown => {
    const cell = find(fields[name]);
    return cell && READERS[how](cell, notation);
  };
  const { uut: defaultUut, ...defaults } = resolveDefaults(making, request.source);
  const header = {
    machineName: request.context.stationName,
    ...defaults,
    ...present(Object.entries(HEADER_FIELDS).map(([name, how]) => [name, read(name as ReportField, how)])),
  };
  const uut = present(Object.entries(UUT_FIELDS).map(([name, how]) => [name, read(name as ReportField, how)]));
  demandFields(request, header);
  const { mode } = making;
  const report = new UutReport({
    ...(header as ReportOptions),
    uut: { ...defaultUut, ...uut },
    ...(mode === undefined ? {} : { mode }),
  } satisfies UutReportOptions);
  for (const [description, place] of Object.entries(fields.miscInfos ?? {})) {
    const cell = find(place);
    if (cell) report.addMiscInfo(description, cell.text);
  }
  return report;
}

/** The fields that the options give, for one file. */
function resolveDefaults({ defaults = {} }: ReportMaking, source: ConverterSource): ReportDefaults {
  return typeof defaults === 'function' ? defaults(source) : defaults;
}

/**
 * Fails when a report would lack something that every report needs.
 * @throws FileFormatError that names everything that is missing.
 */
export function demandFields(
  { source, fields }: Pick<ReportRequest, 'source' | 'fields'>,
  header: Readonly<Record<string, unknown>>,
): void {
  const missing = REQUIRED.filter(name => header[name] === undefined || header[name] === null || header[name] === '');
  if (missing.length === 0) return;
  const named = missing.map(name => (fields[name] === undefined ? name : `${name} (in '${fields[name]}')`)).join(', ');
  throw new FileFormatError(`${source.name} does not give ${named}: expected in the file or in the option 'defaults'`, {
    expected: missing.join(', '),
    hints: [`Give the converter what the files do not hold: defaults: { ${missing.join(', ')} }.`],
  });
}

/** Fails when options name a field that does not exist. @throws ConverterConfigError */
export function checkReportFields(converter: string, fields: ReportFields): void {
  const known = [...Object.keys(HEADER_FIELDS), ...Object.keys(UUT_FIELDS), 'miscInfos'];
  const unknown = Object.keys(fields).filter(name => !known.includes(name));
  if (unknown.length === 0) return;
  throw new ConverterConfigError(
    `Converter '${converter}': report has no field ${unknown.join(', ')}: expected ${known.join(', ')}`,
  );
}

const READERS = {
  text: (cell: Cell) => cell.text,
  integer: (cell: Cell) => readInteger(cell),
  number: readFinite,
  time: readTime,
  status: readStatus,
} as const;

function present(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

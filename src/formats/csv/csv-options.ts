/** The options of {@link CsvConverter}, and what must be true of them. */
import type { Conversion, ConverterContext } from '../../converters/converter-base.js';
import type { ConverterSource } from '../../converters/source.js';
import { ConverterConfigError } from '../../errors.js';
import { checkStepFields } from '../mapping/add-step.js';
import type { Notation } from '../mapping/cell.js';
import { checkReportFields, type ReportFields, type ReportMaking } from '../mapping/report-fields.js';
import type { StepConstants, StepFields, StepKind } from '../mapping/step-request.js';
import type { CsvFormat, CsvRow } from './csv-reader.js';
import type { CsvHeader } from './csv-table.js';

/** Which columns of a row are the step; see {@link StepField}. */
export interface CsvStep extends StepFields {
  /** The column with the name of the step. */
  readonly name: string;
  /** The column with the name of the sequence that the step is in. Default: the main sequence. */
  readonly sequence?: string;
  /** Default `auto`. */
  readonly kind?: StepKind;
  /** What is the same in all steps. */
  readonly constants?: StepConstants;
}

/** A column of which each cell is a measurement. */
export interface CsvMeasurement extends StepConstants {
  /** The name of the column. The step has the same, unless `name` is given. */
  readonly column: string;
  /** Default `auto`. */
  readonly kind?: StepKind;
  /** The name of the sequence that the step is in. Default: the main sequence. */
  readonly sequence?: string;
}

/** How a table becomes reports without code. */
export interface CsvMapping
  extends ReportMaking,
    Notation,
    CsvHeader,
    Pick<CsvFormat, 'delimiter' | 'quote' | 'comment' | 'encoding'> {
  /** The columns, or facts above the header, with the fields of the report. */
  report?: ReportFields;
  /** Each row is a step: its columns. Rows with the same `sn` (and `start`) are one report, in the order of the file. */
  step?: CsvStep;
  /** Each row is a report: its columns with measurements. */
  measurements?: readonly CsvMeasurement[];
}

/** Options of {@link CsvConverter}. */
export interface CsvConverterOptions<TReport extends object = object> extends CsvMapping {
  /** The converter's name, unique in the pool. Default `csv`. */
  name?: string;
  /** Raise it when a function among the options changes: files that failed before are taken up again. Default '1.0.0'. */
  version?: string;
  /** Endings of the files that it converts. Default `.csv`. */
  extensions?: readonly string[];
  /** Bigger files fail, as their reports are held in memory. Default 32 MiB; with `map`, no limit. */
  maxBytes?: number;
  /**
   * Makes the reports from the rows, which are read as they are asked for, so that memory stays bounded; the header is
   * the first of them. Nothing else is mapped then.
   */
  map?: (
    rows: AsyncIterable<CsvRow>,
    source: ConverterSource,
    context: ConverterContext<CsvConverterOptions<TReport>>,
  ) => Conversion<TReport> | Promise<Conversion<TReport>>;
}

/** Fails when options contradict themselves. @throws ConverterConfigError */
export function checkCsvOptions(converter: string, options: CsvMapping & { map?: unknown }): void {
  const { delimiter, quote, header, columns, report, step, measurements, map } = options;
  const wrong = (message: string) => new ConverterConfigError(`Converter '${converter}': ${message}`);
  if (delimiter === '') throw wrong('delimiter is empty: expected a character such as ; or nothing, to detect it');
  if (typeof quote === 'string' && quote.length !== 1) throw wrong('quote must be one character, or false');
  if (header === false && !columns && !map) throw wrong('without a header, columns must name the columns');
  if (typeof header === 'number' && !(header >= 1)) throw wrong('header is the line of the header, counted from 1');
  if (step && measurements) throw wrong('a row is either a step or a report: give step or measurements');
  if ((step || measurements) && map) throw wrong('map makes the reports alone: leave step and measurements out');
  if (report) checkReportFields(converter, report);
  if (step) checkStepFields(converter, Object.keys(step), ['sequence', 'kind', 'constants']);
}

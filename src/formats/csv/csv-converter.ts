/** Converts tables of separated values. */
import { type Conversion, ConverterBase, type ConverterContext } from '../../converters/converter-base.js';
import type { ConverterSource } from '../../converters/source.js';
import { limitSize } from '../text-pieces.js';
import { Turns } from '../turns.js';
import { type CsvConverterOptions, type CsvMapping, checkCsvOptions } from './csv-options.js';
import { readCsv } from './csv-reader.js';
import { CsvReports } from './csv-report.js';
import { CsvTable } from './csv-table.js';

/** Some 40 bytes of memory for each. */
const MAX_CSV_BYTES = 32 * 1024 * 1024;

/**
 * Converts `.csv` files, to WSJF reports by a mapping of their columns, or by a function.
 *
 * ```ts
 * new CsvConverter({
 *   decimal: ',',
 *   report: { sn: 'Serial', pn: 'Part', rev: 'Revision', start: 'Time' },
 *   step: { name: 'Test', value: 'Value', unit: 'Unit', lowLimit: 'Min', highLimit: 'Max' },
 *   defaults: { processCode: 10, location: 'Line 2', purpose: 'Production' },
 * })
 * ```
 *
 * With `step`, each row is a step; with `measurements`, each row is a report; with neither, each row is delivered as an
 * object of its cells by column. What cannot be understood fails with a `FileFormatError` that names line and column.
 */
export class CsvConverter<TReport extends object = object> extends ConverterBase<
  TReport,
  CsvConverterOptions<TReport>
> {
  readonly name: string;
  override readonly version: string;
  readonly supportedExtensions: readonly string[];

  /** @throws ConverterConfigError when the options contradict themselves. */
  constructor(options: CsvConverterOptions<TReport> = {}) {
    super(options);
    this.name = options.name ?? 'csv';
    this.version = options.version ?? '1.0.0';
    this.supportedExtensions = options.extensions ?? ['.csv'];
    checkCsvOptions(this.name, options);
  }

  async convert(
    source: ConverterSource,
    context: ConverterContext<CsvConverterOptions<TReport>>,
  ): Promise<Conversion<TReport>> {
    const options = context.arguments;
    // Again: the pool's configuration may have added to them.
    checkCsvOptions(this.name, options);
    const { map, maxBytes = map ? Number.POSITIVE_INFINITY : MAX_CSV_BYTES } = options;
    limitSize(source, maxBytes);
    const rows = readCsv(source, { ...options, signal: context.signal });
    if (map) return map(rows, source, context);
    return (await mapped(rows, options, source, context)) as readonly TReport[];
  }
}

async function mapped(
  rows: ReturnType<typeof readCsv>,
  options: CsvMapping,
  source: ConverterSource,
  context: Pick<ConverterContext, 'stationName' | 'signal'>,
): Promise<readonly object[]> {
  const { report, step, measurements } = options;
  const table = await CsvTable.open(source.name, rows, options);
  if (!report && !step && !measurements) {
    const records: object[] = [];
    for await (const row of rows) {
      table.check(row);
      records.push(table.record(row));
    }
    return records;
  }
  const reports = new CsvReports(table, options, source, context);
  for await (const row of rows) reports.add(row);
  return reports.finish(new Turns(context.signal));
}

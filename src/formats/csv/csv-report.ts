/** Makes reports of the rows of a table: of several rows, each a step, or of each row alone. */
import type { ConverterContext } from '../../converters/converter-base.js';
import type { ConverterSource } from '../../converters/source.js';
import type { Sequence } from '../../report/sequence.js';
import type { UutReport } from '../../report/uut-report.js';
import type { WsjfUutReport } from '../../report/wsjf.js';
import { addStep } from '../mapping/add-step.js';
import type { Cell } from '../mapping/cell.js';
import { makeReport } from '../mapping/report-fields.js';
import { STEP_FIELDS, type StepField } from '../mapping/step-request.js';
import { type Place, unexpected } from '../place.js';
import type { Turns } from '../turns.js';
import { validStep } from '../valid-step.js';
import type { CsvMapping } from './csv-options.js';
import type { CsvRow } from './csv-reader.js';
import type { CsvTable } from './csv-table.js';

/** Makes the reports of one file, in the order of their first rows. */
export class CsvReports {
  readonly #table: CsvTable;
  readonly #options: CsvMapping;
  readonly #source: ConverterSource;
  readonly #context: Pick<ConverterContext, 'stationName'>;
  readonly #reports: UutReport[] = [];
  readonly #byUnit = new Map<string, { report: UutReport; sequences: Map<string, Sequence> }>();

  constructor(
    table: CsvTable,
    options: CsvMapping,
    source: ConverterSource,
    context: Pick<ConverterContext, 'stationName'>,
  ) {
    this.#table = table;
    this.#options = options;
    this.#source = source;
    this.#context = context;
    this.#checkColumns();
  }

  /** @throws FileFormatError when one of them is not valid. */
  async finish(turns: Turns): Promise<WsjfUutReport[]> {
    const finished: WsjfUutReport[] = [];
    for (const report of this.#reports) {
      finished.push(report.finish());
      if (turns.due) await turns.next();
    }
    return finished;
  }

  /** @throws FileFormatError when a cell cannot be understood. */
  add(row: CsvRow): void {
    this.#table.check(row);
    if (this.#options.step) this.#addStep(row);
    else this.#addReport(row);
  }

  #addStep(row: CsvRow): void {
    const { step, report = {} } = this.#options;
    const cellOf = (column: string | undefined) => (column === undefined ? undefined : this.#table.cell(row, column));
    const unit = JSON.stringify([cellOf(report.sn)?.text, cellOf(report.start)?.text]);
    const { sequences, ...known } = this.#byUnit.get(unit) ?? this.#newUnit(unit, row);
    const cells: Partial<Record<StepField, Cell>> = {};
    for (const field of STEP_FIELDS) {
      const cell = cellOf(step?.[field]);
      if (cell && cell.text !== '') cells[field] = cell;
    }
    const place = { file: this.#source.name, line: row.line, column: 1 };
    const sequence = this.#sequence(known.report, sequences, cellOf(step?.sequence)?.text, place);
    addStep(sequence, { kind: step?.kind, cells, constants: step?.constants, notation: this.#options, place });
  }

  #addReport(row: CsvRow): void {
    const report = this.#newReport(row);
    const sequences = new Map<string, Sequence>();
    for (const { column, kind, sequence, name = column, ...constants } of this.#options.measurements ?? []) {
      const value = this.#table.cell(row, column);
      if (!value) continue;
      const into = this.#sequence(report, sequences, sequence, value.place);
      // An empty cell was not measured; it stays in the report as a step that was skipped.
      const asked = kind ?? (value.text === '' ? 'numeric' : 'auto');
      const cells = value.text === '' ? {} : { value };
      const request = { cells, constants: { ...constants, name }, notation: this.#options };
      addStep(into, { ...request, kind: asked, place: value.place });
    }
  }

  #newUnit(unit: string, row: CsvRow): { report: UutReport; sequences: Map<string, Sequence> } {
    const known = { report: this.#newReport(row), sequences: new Map<string, Sequence>() };
    this.#byUnit.set(unit, known);
    return known;
  }

  #newReport(row: CsvRow): UutReport {
    const report = makeReport({
      making: this.#options,
      source: this.#source,
      context: this.#context,
      fields: this.#options.report ?? {},
      find: name => this.#table.cell(row, name),
      notation: this.#options,
    });
    this.#reports.push(report);
    return report;
  }

  /** Fails when the options name columns that the table does not have. */
  #checkColumns(): void {
    const { report: { miscInfos, ...report } = {}, step, measurements = [] } = this.#options;
    const { kind: _kind, constants: _constants, ...columns } = step ?? {};
    const named = [report, miscInfos ?? {}, columns].flatMap(fields => Object.values(fields) as string[]);
    const missing = [...named, ...measurements.map(({ column }) => column)].find(name => !this.#table.has(name));
    if (missing === undefined) return;
    const columnNames = this.#table.columns.map(name => `'${name}'`).join(', ');
    throw unexpected({ file: this.#source.name, line: 1, column: 1 }, `a column '${missing}' among ${columnNames}`);
  }

  #sequence(report: UutReport, sequences: Map<string, Sequence>, name: string | undefined, place: Place): Sequence {
    if (!name) return report.root;
    // A table does not say how a sequence ended. Where nothing is computed, it is done.
    const status = this.#options.mode === 'import' ? { status: 'D' } : {};
    const known = sequences.get(name);
    if (known) return known;
    const sequence = report.root.sequence({ name, ...status });
    validStep(sequence.own, place);
    sequences.set(name, sequence);
    return sequence;
  }
}

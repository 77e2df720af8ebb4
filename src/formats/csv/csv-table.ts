/** A table with named columns: its header, what stands above it, and the cells of its rows. */
import type { Cell } from '../mapping/cell.js';
import { unexpected } from '../place.js';
import type { CsvRow } from './csv-reader.js';

/** How the columns of a table are named. */
export interface CsvHeader {
  /**
   * The line that names the columns, counted from 1; `false` where there is none and `columns` names them. Rows above it
   * are facts about all rows, the first cell of each being the name and the second the value. Default: the first row.
   */
  header?: number | false;
  /** Names of the columns, in place of those in the file. */
  columns?: readonly string[];
}

/** The rows below the header, and what is known of all of them. */
export class CsvTable {
  readonly #file: string;
  readonly #columns: readonly string[];
  readonly #index: ReadonlyMap<string, number>;
  readonly #facts: ReadonlyMap<string, Cell>;
  readonly #strict: boolean;

  private constructor(file: string, columns: readonly string[], facts: ReadonlyMap<string, Cell>, strict: boolean) {
    this.#file = file;
    this.#columns = columns;
    this.#index = new Map(columns.map((name, index) => [name, index]));
    this.#facts = facts;
    this.#strict = strict;
  }

  /**
   * Takes the rows up to the header from `rows`.
   * @throws FileFormatError when there is no header, or two columns have the same name.
   */
  static async open(file: string, rows: AsyncIterator<CsvRow>, options: CsvHeader): Promise<CsvTable> {
    const { header, columns } = options;
    if (header === false) return new CsvTable(file, columns ?? [], new Map(), false);
    const facts = new Map<string, Cell>();
    for (let last = 1; ; ) {
      const next = await rows.next();
      if (next.done) throw unexpected({ file, line: last, column: 1 }, 'a header that names the columns');
      const { line, cells } = next.value;
      last = line;
      if (header !== undefined && line < header) addFact(facts, file, next.value);
      else return new CsvTable(file, columns ?? distinct(file, line, trimmed(cells)), facts, columns === undefined);
    }
  }

  /** The names of its columns, in their order. */
  get columns(): readonly string[] {
    return this.#columns;
  }

  /** Whether it has such a column or a fact of that name. */
  has(name: string): boolean {
    return this.#index.has(name) || this.#facts.has(name);
  }

  /** The cell of a row in a column, else the fact of that name. */
  cell(row: CsvRow, name: string): Cell | undefined {
    const index = this.#index.get(name);
    if (index === undefined) return this.#facts.get(name);
    const place = { file: this.#file, line: row.line, column: index + 1, what: `column '${name}'` };
    return { text: row.cells[index] ?? '', place };
  }

  /** The cells of a row by the names of their columns. */
  record(row: CsvRow): Record<string, string> {
    const record: Record<string, string> = Object.create(null);
    this.#columns.forEach((name, index) => {
      record[name] = row.cells[index] ?? '';
    });
    return record;
  }

  /** Fails when a row has another number of cells than the header, but for empty ones at its end. */
  check({ line, cells }: CsvRow): void {
    if (!this.#strict) return;
    const count = this.#columns.length;
    const filled = trimmed(cells).length;
    if (cells.length >= count && filled <= count) return;
    const column = Math.min(cells.length, count) + 1;
    throw unexpected({ file: this.#file, line, column }, `${count} cells as in the header`, String(cells.length));
  }
}

function addFact(facts: Map<string, Cell>, file: string, { line, cells }: CsvRow): void {
  const [name = '', text = ''] = cells;
  const key = name.replace(/:$/, '').trim();
  if (key !== '') facts.set(key, { text, place: { file, line, column: 2, what: `'${key}'` } });
}

/** Without the empty cells at the end, which a delimiter at the end of lines makes. */
function trimmed(cells: readonly string[]): readonly string[] {
  let count = cells.length;
  while (count > 0 && cells[count - 1] === '') count -= 1;
  return cells.slice(0, count);
}

function distinct(file: string, line: number, names: readonly string[]): readonly string[] {
  names.forEach((name, index) => {
    if (name !== '' && names.indexOf(name) < index) {
      throw unexpected({ file, line, column: index + 1 }, 'each column to have a name of its own', name);
    }
  });
  return names;
}
